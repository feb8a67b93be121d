import type { Flux } from "../../client/index.ts";
import { type ClientOptions, clientCommand, withFlux } from "../client-command.ts";
import type { Command } from "../commander.ts";
import { about, Failure } from "../failure.ts";

/** How a module is loaded. */
export interface LoadOptions extends ClientOptions {
  readonly name?: string;
  readonly exec?: true;
  readonly loader?: string;
}

const HELP = `
MODULE is a path, the name of a module of this package (heartbeat, event-log), or the name of one in the directories of FLUX_MODULE_PATH. ES modules run
in the broker's process, unless --exec gives them their own; flux-core's (.so, .py) always have their own, through 'flux module-exec'.`;

/** `fluxbus module load [OPTIONS] MODULE [ARGS...]`. Source: flux-module(1). */
export function moduleLoadCommand(): Command {
  return addLoadOptions(clientCommand("load"))
    .description("load a module into the broker")
    .argument("<module>", "name or path")
    .argument("[args...]", "arguments of the module")
    .passThroughOptions()
    .addHelpText("after", HELP)
    .action((module: string, args: string[], options: LoadOptions) =>
      withFlux(options, (flux) => about(module, loadModule(flux, module, args, options))),
    );
}

/** The options that say how. */
export function addLoadOptions(command: Command): Command {
  return command
    .option("--name <NAME>", "name to load it under, instead of its file's up to the first dot")
    .option("--exec", "run it in a process of its own")
    .option("--loader <PATH>", "program that runs it, with its path as argument");
}

export async function loadModule(
  flux: Flux,
  module: string,
  args: readonly string[],
  { name, exec, loader }: LoadOptions,
): Promise<void> {
  const path = await canonical(module);
  const as = name === undefined ? {} : { name };
  const by = loader === undefined ? {} : { loader };
  const how = { args: [...args], ...as, exec: exec === true };
  try {
    await flux.call("module.load", { path, ...how, ...by });
  } catch (error) {
    const own = path === module && loader === undefined ? await ofThisPackage(module, error) : undefined;
    if (own === undefined) throw error;
    await flux.call("module.load", { ...own, ...how });
  }
}

/** What to load instead of a name that the broker, which is flux-core's, has not found; undefined when it is none of this package's modules. */
async function ofThisPackage(
  name: string,
  error: unknown,
): Promise<{ readonly path: string; readonly loader: string } | undefined> {
  const [{ FluxError }, { installedModule }] = await Promise.all([
    import("../../base/index.ts"),
    import("../../module/index.ts"),
  ]);
  return FluxError.from(error).code === "ENOENT" ? installedModule(name) : undefined;
}

/** A path as the broker, which may run elsewhere, understands it; a name as it is. */
export async function canonical(module: string): Promise<string> {
  if (!module.includes("/") && !/\.(so|py|[cm]?[jt]s)$/.test(module)) return module;
  const [{ realpath }, { FluxError }] = await Promise.all([
    import("node:fs/promises"),
    import("../../base/index.ts"),
  ]);
  try {
    return await realpath(module);
  } catch (error) {
    throw new Failure(module, new FluxError(FluxError.from(error).errno, undefined, { cause: error }));
  }
}
