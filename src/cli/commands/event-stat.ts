import { rankArgument } from "../arguments.ts";
import { type ClientOptions, clientCommand, withFlux } from "../client-command.ts";
import type { Command } from "../commander.ts";
import { about } from "../failure.ts";
import { print } from "../output.ts";

interface EventStatOptions extends ClientOptions {
  readonly rank?: number;
}

/** `fluxbus event stat`. Source: docs/events.md. */
export function eventStatCommand(): Command {
  return clientCommand("stat", "the response of event.stat")
    .description("print which events are kept, where, and what the repair of gaps has done")
    .option("-r, --rank <RANK>", "the broker to ask (default: the one connected to)", rankArgument)
    .action((options: EventStatOptions) =>
      withFlux(options, async (flux) => {
        const [{ findEventKeeper }, { eventStatLines }, { stringifyJson }] = await Promise.all([
          import("../event-keeper.ts"),
          import("../event-stat-lines.ts"),
          import("../../json/index.ts"),
        ]);
        const { stat } = await about("event.stat", findEventKeeper(flux, options.rank));
        if (options.json) print(stringifyJson(stat));
        else for (const line of eventStatLines(stat)) print(line);
      }),
    );
}
