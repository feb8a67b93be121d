import { type ClientOptions, clientCommand, withFlux } from "../client-command.ts";
import type { Command } from "../commander.ts";
import { about } from "../failure.ts";
import { print, printJson } from "../output.ts";

/** `fluxbus getattr NAME`. Source: flux-getattr(1). */
export function getattrCommand(): Command {
  return clientCommand("getattr", '{"name", "value"}')
    .description("get a broker attribute")
    .argument("<name>", "name of the attribute")
    .action((name: string, options: ClientOptions) =>
      withFlux(options, async (flux) => {
        const value = await about(name, flux.attributes.get(name));
        if (options.json) printJson({ name, value });
        else print(value);
      }),
    );
}
