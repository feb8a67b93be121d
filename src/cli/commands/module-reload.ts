import { clientCommand, withFlux } from "../client-command.ts";
import type { Command } from "../commander.ts";
import { about } from "../failure.ts";
import { addLoadOptions, type LoadOptions, loadModule } from "./module-load.ts";
import { addRemoveOptions, type RemoveOptions, removeModule } from "./module-remove.ts";

/** `fluxbus module reload [OPTIONS] MODULE [ARGS...]`: remove, then load. Source: flux-module(1). */
export function moduleReloadCommand(): Command {
  return addLoadOptions(addRemoveOptions(clientCommand("reload")))
    .description("remove a module from the broker and load it again")
    .argument("<module>", "name or path")
    .argument("[args...]", "arguments of the module")
    .passThroughOptions()
    .action((module: string, args: string[], options: LoadOptions & RemoveOptions) =>
      withFlux(options, async (flux) => {
        await about(module, removeModule(flux, options.name ?? module, options));
        await about(module, loadModule(flux, module, args, options));
      }),
    );
}
