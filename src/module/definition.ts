import { FluxError } from "../base/index.ts";
import type { Flux, LogLevel, Methods } from "../client/index.ts";
import type { JsonObject } from "../json/index.ts";
import type { DebugFlags } from "../methods/index.ts";

/** What a module is given when it starts. It ends with the module. */
export interface ModuleContext {
  /** A handle of its own, with the owner's rights. Closed behind the module's end. */
  readonly flux: Flux;
  /** The name it was loaded under, which is a service already. */
  readonly name: string;
  readonly args: readonly string[];
  /** Rank of its broker. */
  readonly rank: number;
  /** The configuration of the broker, at the time it is read here; not to be changed. */
  readonly config: JsonObject;
  /** Debug bits, set by `module debug`. */
  readonly debug: DebugFlags;
  /** Fires when the module is told to end, before its `stop` is called. */
  readonly signal: AbortSignal;
  /**
   * Serves methods under the module's name, as `flux.serve` takes them. They come before the methods every module has; a later call comes before
   * an earlier one. They end with the module. Other names are served by `flux.serve`.
   */
  serve(methods: Methods): void;
  /** Calls `listener` with each new configuration before it is taken; one that throws refuses it for the whole instance. */
  onConfig(listener: (config: JsonObject) => void | Promise<void>): void;
  /** Appends a line to the broker's log under the module's name. */
  log(level: LogLevel, text: string): void;
  /** Ends the module: well, or with an error, which the broker does not survive unless it is told to. */
  exit(error?: unknown): void;
}

/** What ends with a module: called or disposed when it is told to end. */
export type ModuleStop = void | (() => void | Promise<void>) | Disposable | AsyncDisposable;

/**
 * A module: a part of a broker that is loaded and removed while it runs. Source: RFC 5.
 *
 * `start` sets it up; when it has resolved, the module is running. What it throws is what `module load` says.
 */
export interface ModuleDefinition {
  start(context: ModuleContext): ModuleStop | Promise<ModuleStop>;
}

/** A module as a function, with mod_main's arguments first. */
export type ModuleMain = (
  flux: Flux,
  args: readonly string[],
  context: ModuleContext,
) => ModuleStop | Promise<ModuleStop>;

/** A module, checked by the compiler: the default export of a file that `module load` takes. */
export function defineModule(definition: ModuleDefinition): ModuleDefinition {
  return definition;
}

/**
 * The module in a file's exports: the default one, an object with `start` or a function, or else a function `mod_main`.
 * @throws FluxError EINVAL when there is none.
 */
export function moduleOf(exports: {
  readonly default?: unknown;
  readonly mod_main?: unknown;
}): ModuleDefinition {
  const found = exports.default ?? exports.mod_main;
  if (typeof found === "function") {
    const main = found as ModuleMain;
    return { start: (context) => main(context.flux, context.args, context) };
  }
  if (typeof found === "object" && found !== null && "start" in found && typeof found.start === "function") {
    return found as ModuleDefinition;
  }
  throw new FluxError("EINVAL", "module exports neither a default with start, nor mod_main");
}

/** Ends what a module's `start` returned. */
export async function stopModule(stop: ModuleStop): Promise<void> {
  if (stop === undefined || stop === null) return;
  if (typeof stop === "function") await stop();
  else if (Symbol.asyncDispose in stop) await stop[Symbol.asyncDispose]();
  else stop[Symbol.dispose]();
}
