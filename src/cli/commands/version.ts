import { type ClientOptions, clientCommand, withFlux } from "../client-command.ts";
import type { Command } from "../commander.ts";
import { print, printJson } from "../output.ts";
import { packageVersion } from "../package-version.ts";

/** `fluxbus version`: of this package, and of the broker where there is one. Source: flux-version(1). */
export function versionCommand(): Command {
  return clientCommand("version", '{"commands", "broker", "uri"}')
    .description("display version information")
    .action(async (options: ClientOptions) => {
      const commands = packageVersion();
      if (options.uri === undefined && process.env["FLUX_URI"] === undefined) {
        if (options.json) printJson({ commands });
        else print(`commands:    \t\t${commands}`);
        return;
      }
      await withFlux(options, async (flux) => {
        const broker = await flux.attributes.get("version");
        if (options.json) printJson({ commands, broker, uri: flux.uri });
        else {
          print(`commands:    \t\t${commands}`);
          print(`broker:  \t\t${broker}`);
          print(`FLUX_URI:\t\t${flux.uri}`);
        }
      });
    });
}
