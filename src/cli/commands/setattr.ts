import { type ClientOptions, clientCommand, withFlux } from "../client-command.ts";
import type { Command } from "../commander.ts";
import { about } from "../failure.ts";

interface SetattrOptions extends ClientOptions {
  readonly force?: true;
}

/** `fluxbus setattr NAME VALUE`. Source: flux-setattr(1). */
export function setattrCommand(): Command {
  return clientCommand("setattr")
    .description("set a broker attribute")
    .argument("<name>", "name of the attribute")
    .argument("<value>", "its new value")
    .option("-f, --force", "update an attribute that is not meant to change at run time")
    .action((name: string, value: string, options: SetattrOptions) =>
      withFlux(options, (flux) =>
        about(name, flux.attributes.set(name, value, { force: options.force === true })),
      ),
    );
}
