import type { Flux } from "../../client/index.ts";
import { type ClientOptions, clientCommand, withFlux } from "../client-command.ts";
import type { Command } from "../commander.ts";
import { about } from "../failure.ts";
import { canonical } from "./module-load.ts";

/** How a module is removed. */
export interface RemoveOptions extends ClientOptions {
  readonly force?: true;
  readonly cancel?: true;
}

/** `fluxbus module remove [OPTIONS] MODULE`, which flux-module(1) knows as `unload` too. */
export function moduleRemoveCommand(name: "remove" | "unload"): Command {
  return addRemoveOptions(clientCommand(name))
    .description("remove a module from the broker")
    .argument("<module>", "name or path")
    .action((module: string, options: RemoveOptions) =>
      withFlux(options, (flux) => about(module, removeModule(flux, module, options))),
    );
}

/** The options that say how. */
export function addRemoveOptions(command: Command): Command {
  return command
    .option("-f, --force", "a module that is not loaded is no failure")
    .option("--cancel", "end it by force: a module that does not answer");
}

export async function removeModule(
  flux: Flux,
  module: string,
  { force, cancel }: RemoveOptions,
): Promise<void> {
  const name = await canonical(module);
  try {
    await flux.call("module.remove", { name, cancel: cancel === true });
  } catch (error) {
    const { FluxError } = await import("../../base/index.ts");
    if (force !== true || FluxError.from(error).code !== "ENOENT") throw error;
  }
}
