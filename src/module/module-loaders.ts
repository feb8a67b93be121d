import { access, realpath } from "node:fs/promises";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { FluxError } from "../base/index.ts";
import { BUNDLED } from "./bundled/index.ts";
import { startProcess } from "./child-process.ts";
import type { ModuleDefinition } from "./definition.ts";
import { fluxCommand } from "./flux-command.ts";
import { type ModuleRun, startInProcess } from "./in-process.ts";
import { importModule, kindOf, nameOf, searchModule } from "./module-file.ts";

/** What to load: see module.load. */
export interface ModuleTarget {
  readonly path: string;
  readonly name: string | undefined;
  readonly loader: string | undefined;
  readonly exec: boolean;
}

/** What a module that starts is given of its broker. */
export interface ModuleSurroundings {
  readonly uri: string | undefined;
  readonly maxFrameBytes: number | undefined;
  readonly schedule: (flush: () => void) => void;
}

/** A module that was found. */
export interface ModuleSource {
  readonly name: string;
  readonly path: string;
  start(surroundings: ModuleSurroundings): ModuleRun;
}

/** Source files have another suffix than built ones: that of this file. */
const SUFFIX = extname(import.meta.url);

/**
 * Finds modules and starts them: what a broker takes as its `moduleLoader`.
 *
 * A name is one of this package's modules, or that of a file in the directories of FLUX_MODULE_PATH: NAME.so, NAME.py, NAME.js or NAME.mjs. ES modules run in the
 * broker's process, or with `exec` in one of their own. flux-core's, shared objects and Python files, always run in a process of their own, through its loaders.
 * Source: flux-module(1), RFC 5.
 */
export class ModuleLoaders {
  readonly #env: Readonly<NodeJS.ProcessEnv>;

  /** @param env - where FLUX_MODULE_PATH, FLUX_EXEC_PATH and PATH are looked up, and what processes inherit */
  constructor(env: Readonly<NodeJS.ProcessEnv> = process.env) {
    this.#env = env;
  }

  /** @throws FluxError ENOENT when there is no such module, or flux-core's loader for it is not there; EINVAL for a loader without a path. */
  async find(target: ModuleTarget): Promise<ModuleSource> {
    const { path, name, loader, exec } = target;
    if (path.includes("/")) return this.#fileSource(await existing(path), path, target);
    if (loader !== undefined) {
      throw new FluxError("EINVAL", "module loader may only be specified with module path");
    }
    // Not what every object inherits, such as `constructor`.
    const bundled = Object.hasOwn(BUNDLED, path) ? BUNDLED[path] : undefined;
    if (bundled !== undefined) {
      const file = fileURLToPath(new URL(`./bundled/${path}${SUFFIX}`, import.meta.url));
      const as = name ?? path;
      const start = exec ? this.#nodeStart(file) : inProcess(as, bundled);
      return { name: as, path: file, start };
    }
    const searchPath = this.#env["FLUX_MODULE_PATH"];
    const file = searchPath === undefined ? undefined : await searchModule(path, searchPath);
    if (file === undefined) throw new FluxError("ENOENT", "module not found in search path");
    return this.#fileSource(file, file, { ...target, name: name ?? path });
  }

  #fileSource(file: string, path: string, { name, loader, exec }: ModuleTarget): ModuleSource {
    const as = name ?? nameOf(path);
    const kind = loader ?? kindOf(file);
    if (kind === undefined) throw new FluxError("ENOENT", "could not determine loader from path suffix");
    if (kind !== "node") {
      const command = [...fluxCommand(kind, this.#env), file];
      return { name: as, path, start: (around) => this.#startProcess(command, kind, around) };
    }
    const start = exec ? this.#nodeStart(file) : inProcess(as, () => importModule(file));
    return { name: as, path, start };
  }

  #nodeStart(file: string): ModuleSource["start"] {
    const program = fileURLToPath(new URL(`./exec-main${SUFFIX}`, import.meta.url));
    const flags = process.execArgv.filter((flag) => !flag.startsWith("--inspect"));
    const command = [process.execPath, ...flags, program, file];
    return (around) => this.#startProcess(command, "module-exec", around);
  }

  #startProcess(command: readonly string[], loader: string, around: ModuleSurroundings): ModuleRun {
    const { uri, maxFrameBytes, schedule } = around;
    const env = uri === undefined ? this.#env : { ...this.#env, FLUX_URI: uri };
    return startProcess({ command, loader, env, maxFrameBytes, schedule });
  }
}

/**
 * What a broker of flux-core is to load for one of this package's modules, and what runs it there; undefined when there is no such module.
 *
 * Both are files of the package as it is installed.
 */
export function installedModule(
  name: string,
): { readonly path: string; readonly loader: string } | undefined {
  if (!Object.hasOwn(BUNDLED, name)) return undefined;
  const file = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
  return { path: file(`dist/module/bundled/${name}.js`), loader: file("libexec/flux-module-node-exec") };
}

function inProcess(name: string, load: () => Promise<ModuleDefinition>): ModuleSource["start"] {
  return ({ maxFrameBytes }) => startInProcess(name, load, maxFrameBytes);
}

async function existing(path: string): Promise<string> {
  try {
    await access(path);
    return await realpath(path);
  } catch (error) {
    throw FluxError.from(error);
  }
}
