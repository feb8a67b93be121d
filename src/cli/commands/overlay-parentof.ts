import { rankArgument } from "../arguments.ts";
import { type ClientOptions, clientCommand, withFlux } from "../client-command.ts";
import type { Command } from "../commander.ts";
import { about } from "../failure.ts";
import { print, printJson } from "../output.ts";
import { asUsage } from "../overlay-query.ts";

/** `fluxbus overlay parentof RANK`. Source: flux-overlay(1). */
export function overlayParentofCommand(): Command {
  return clientCommand("parentof", '{"rank", "parent"}')
    .description("print the parent of a rank")
    .argument("<rank>", "a rank other than 0", rankArgument)
    .action((rank: number, options: ClientOptions) =>
      withFlux(options, async (flux) => {
        const { OverlayTopology } = await import("../overlay-topology.ts");
        const topology = await about("overlay.topology", OverlayTopology.read(flux));
        const parent = asUsage(() => topology.parentOf(rank));
        if (options.json) printJson({ rank, parent });
        else print(String(parent));
      }),
    );
}
