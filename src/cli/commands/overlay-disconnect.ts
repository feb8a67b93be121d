import { parseRank, rankArgument } from "../arguments.ts";
import { type ClientOptions, clientCommand, withFlux } from "../client-command.ts";
import type { Command } from "../commander.ts";
import { about, usageError } from "../failure.ts";
import { warn } from "../output.ts";
import { asUsage, readPlan } from "../overlay-query.ts";

interface DisconnectOptions extends ClientOptions {
  readonly parent?: number;
}

/** `fluxbus overlay disconnect [--parent RANK] TARGET`. Source: flux-overlay(1). */
export function overlayDisconnectCommand(): Command {
  return clientCommand("disconnect")
    .description("let the parent of a broker drop it, with all that is below it")
    .argument("<target>", "a rank or host")
    .option("-r, --parent <RANK>", "the parent (default: from the topology)", rankArgument)
    .action((target: string, options: DisconnectOptions) =>
      withFlux(options, async (flux) => {
        const { hosts, topology } = await readPlan(flux);
        const rank = parseRank(target) ?? hosts.rankOf(target);
        if (rank === undefined) throw usageError("TARGET must be a valid rank or hostname");
        const parent = options.parent ?? asUsage(() => topology.parentOf(rank));
        const name = (of: number): string => `${hosts.hostOf(of)} (rank ${of})`;
        if (!options.json)
          warn(`fluxbus overlay disconnect: asking ${name(parent)} to disconnect child ${name(rank)}`);
        const topic = "overlay.disconnect-subtree";
        await about(topic, flux.call(topic, { rank }, { nodeid: parent }));
      }),
    );
}
