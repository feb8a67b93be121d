import type { Flux, Since } from "../../client/index.ts";
import { countArgument } from "../arguments.ts";
import { type ClientOptions, clientCommand, withFlux } from "../client-command.ts";
import type { Command } from "../commander.ts";
import { about } from "../failure.ts";
import type { KeptEvent } from "../kept-events.ts";
import { print, warn } from "../output.ts";
import { sinceArgument, type Until, untilArgument } from "../since.ts";

interface EventLogOptions extends ClientOptions {
  readonly prefix?: string;
  readonly from?: Since;
  readonly to?: Until;
  readonly count?: number;
}

/** `fluxbus event log`. Source: docs/events.md. */
export function eventLogCommand(): Command {
  return clientCommand(
    "log",
    '{"epoch", "seq", "time", "topic", "userid", "rolemask", "private", "payload"}, one a line, and {"mark":"lost", ...}',
  )
    .description("print the events that are kept: position, time, topic, payload, with tabs between")
    .option("-p, --prefix <PREFIX>", "what the topics of the events begin with (default: all events)")
    .option(
      "--from <CURSOR>",
      "begin behind this position, at a time or so long ago: see event sub --since",
      sinceArgument,
    )
    .option("--to <CURSOR>", "end with this position, EPOCH:SEQ or SEQ", untilArgument)
    .option("-c, --count <N>", "print N events at most; 0 for no end", countArgument)
    .action((options: EventLogOptions) => withFlux(options, (flux) => printEvents(flux, options)));
}

async function printEvents(flux: Flux, options: EventLogOptions): Promise<void> {
  const [{ findEventKeeper }, { keptEvents }, { describeEvent, describeLoss, textOf }, client] =
    await Promise.all([
      import("../event-keeper.ts"),
      import("../kept-events.ts"),
      import("../event-line.ts"),
      import("../../client/index.ts"),
    ]);
  const { service, stat } = await about("event.stat", findEventKeeper(flux));
  const { prefix = "", from = "begin", to, count = 0, json } = options;
  // A number without an epoch is one of the present epoch.
  const until = to === undefined ? undefined : { epoch: Number(stat["epoch"]), ...to };
  const request = {
    prefix,
    since: client.sinceJson(from),
    ...(until !== undefined && { until }),
    ...(count > 0 && { limit: count }),
  };
  const show = (item: KeptEvent): void => {
    if (item.lost !== undefined) {
      if (json) print(describeLoss(item.lost));
      else warn(`fluxbus event log: lost: ${client.describeLost(item.lost)}`);
    } else if (json) print(describeEvent(item.event, item.time));
    else {
      const { epoch, seq, topic } = item.event;
      print(`${epoch}:${seq}\t${new Date(item.time).toISOString()}\t${topic}\t${textOf(item.event)}`);
    }
  };
  const topic = `${service}.replay`;
  await about(options.from === undefined ? topic : "--from", forEach(keptEvents(flux, topic, request), show));
}

async function forEach<T>(items: AsyncIterable<T>, take: (item: T) => void): Promise<void> {
  for await (const item of items) take(item);
}
