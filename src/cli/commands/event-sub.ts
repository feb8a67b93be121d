import type { Event, Flux, Since } from "../../client/index.ts";
import { countArgument } from "../arguments.ts";
import { type ClientOptions, clientCommand, withFlux } from "../client-command.ts";
import type { Command } from "../commander.ts";
import { about, usageError } from "../failure.ts";
import { print, printBytes, warn } from "../output.ts";
import { sinceArgument } from "../since.ts";

interface EventSubOptions extends ClientOptions {
  readonly count?: number;
  readonly raw?: true;
  readonly verbose?: true;
  readonly since?: Since;
  readonly marks?: true;
}

/** `fluxbus event sub [TOPIC...]`. Source: flux-event(1); docs/events.md for --since. */
export function eventSubCommand(): Command {
  return clientCommand("sub", '{"seq", "topic", "userid", "rolemask", "private", "payload"}, one a line')
    .description("print events as they come: topic, tab, payload")
    .argument("[topic...]", "what the topics of the events begin with; none for all events")
    .option("-c, --count <N>", "exit after N events; 0 for no end", countArgument)
    .option("-r, --raw", "print payloads only, byte for byte")
    .option("-v, --verbose", "say on stderr when the subscription stands")
    .option(
      "--since <CURSOR>",
      "begin with events of the past: behind EPOCH:SEQ or SEQ, at a date, so long ago (-10m), begin, or now",
      sinceArgument,
    )
    .option("--marks", "with --since, say how far all is told: on stderr, with --json among the events")
    .action((topics: string[], options: EventSubOptions) => {
      if (options.marks && options.since === undefined)
        throw usageError("--marks can only be used with --since");
      return withFlux(options, (flux) => subscribe(flux, topics, options));
    });
}

async function subscribe(flux: Flux, topics: string[], options: EventSubOptions): Promise<void> {
  const [{ inOrder, outermostPrefixes }, { describeEvent, textOf }] = await Promise.all([
    import("../event-order.ts"),
    import("../event-line.ts"),
  ]);
  const prefixes = outermostPrefixes(topics.length === 0 ? [""] : topics);
  const show = options.json
    ? (event: Event) => print(describeEvent(event))
    : options.raw
      ? (event: Event) => printBytes(event.payload ?? new Uint8Array(0))
      : (event: Event) => print(`${event.topic}\t${textOf(event)}`);
  let left = options.count || Number.POSITIVE_INFINITY;
  if (options.since !== undefined) {
    const { replayed } = await import("../event-replay.ts");
    for await (const event of replayed(flux, prefixes, { ...options, since: options.since })) {
      show(event);
      left--;
      if (left === 0) break;
    }
    return;
  }
  const subscriptions = prefixes.map((prefix) => flux.subscribe(prefix));
  for (const { prefix, ready } of subscriptions) await about(prefix, ready);
  if (options.verbose) warn("fluxbus event sub: subscribed");
  for await (const event of inOrder(subscriptions)) {
    show(event);
    left--;
    if (left === 0) break;
  }
  await Promise.all(subscriptions.map((subscription) => subscription.close()));
}
