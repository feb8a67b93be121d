import { type ClientOptions, clientCommand, withFlux } from "../client-command.ts";
import type { Command } from "../commander.ts";
import { print, printJson } from "../output.ts";
import { ASKED_MAX, readPlan, timeoutOf, timeoutOption } from "../overlay-query.ts";

interface ErrorsOptions extends ClientOptions {
  readonly timeout?: number;
}

/** `fluxbus overlay errors`. Source: flux-overlay(1). */
export function overlayErrorsCommand(): Command {
  return clientCommand("errors", '{"ranks", "hosts", "error"}, one a line')
    .description("say why brokers are lost or offline, a line for each reason")
    .addOption(timeoutOption())
    .action((options: ErrorsOptions) =>
      withFlux(options, async (flux) => {
        const [{ encodeIdset }, { askHealth }, { walkHealth }, { overlayErrors }] = await Promise.all([
          import("../../base/index.ts"),
          import("../overlay-health.ts"),
          import("../overlay-walk.ts"),
          import("../overlay-errors.ts"),
        ]);
        const timeoutMs = await timeoutOf(flux, options.timeout);
        const { hosts, topology } = await readPlan(flux, timeoutMs);
        const root = await walkHealth(0, {
          ask: (rank) => askHealth(flux, rank, timeoutMs),
          subtree: (rank) => topology.subtree(rank),
          leaves: true,
          ghosts: false,
          enters: () => true,
          most: ASKED_MAX,
        });
        for (const { ranks, error } of overlayErrors(root, topology)) {
          const hostlist = hosts.hostlist(ranks);
          if (options.json) printJson({ ranks: encodeIdset(ranks), hosts: hostlist, error });
          else print(`${hostlist}: ${error}`);
        }
      }),
    );
}
