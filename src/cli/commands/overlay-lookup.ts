import { type ClientOptions, clientCommand, withFlux } from "../client-command.ts";
import type { Command } from "../commander.ts";
import { about } from "../failure.ts";
import { print, printJson } from "../output.ts";

/** `fluxbus overlay lookup TARGET`. Source: flux-overlay(1). */
export function overlayLookupCommand(): Command {
  return clientCommand("lookup", '{"ranks", "hosts"}')
    .description("print the hosts of ranks, or the ranks of hosts")
    .argument("<target>", "a set of ranks as 0,2-5, or a list of hosts as node[0-3]")
    .action((target: string, options: ClientOptions) =>
      withFlux(options, async (flux) => {
        const { HostMap, targetTexts } = await import("../host-map.ts");
        const hosts = await about("hostlist", HostMap.read(flux));
        const targets = hosts.lookup(target);
        const texts = targetTexts(targets);
        if (options.json) printJson(texts);
        else print(targets.byHost ? texts.ranks : texts.hosts);
      }),
    );
}
