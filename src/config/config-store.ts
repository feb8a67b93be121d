import { FluxError } from "../base/index.ts";
import type { JsonObject } from "../json/index.ts";
import { jsonEqual } from "./json-equal.ts";
import { parseConfigPath } from "./parse-path.ts";

/**
 * Takes a new configuration, or refuses it by throwing. A listener that took one which another refused is called again, with the one before.
 */
export type ConfigListener = (config: JsonObject) => void | Promise<void>;

export interface ConfigStoreOptions {
  /** The configuration to begin with; default empty. */
  readonly config?: JsonObject | undefined;
  /** What `reload` reads; default nothing. */
  readonly path?: string | undefined;
  /** Takes a line for the log, of severity `err`: a listener would not go back. */
  readonly warn?: ((text: string) => void) | undefined;
}

/**
 * The configuration of an instance: an object that is never changed but replaced as a whole, when all who listen agree.
 *
 * Listeners, by name, are asked one after the other in the order they came; when one refuses, those before it are told the old one again.
 * Updates don't overlap: one waits for the end of the one before. Watchers learn of each update that was made.
 * Source: config.c in flux-core.
 */
export class ConfigStore {
  /** What `reload` reads; undefined for nothing. */
  readonly path: string | undefined;
  #warn: (text: string) => void;
  #current: JsonObject;
  readonly #listeners = new Map<string, ConfigListener>();
  readonly #watchers = new Set<(config: JsonObject) => void>();
  #latest: Promise<unknown> = Promise.resolve();

  constructor(options: ConfigStoreOptions = {}) {
    this.path = options.path;
    this.#warn = options.warn ?? (() => {});
    this.#current = options.config ?? {};
  }

  /** The configuration that holds now. */
  get current(): JsonObject {
    return this.#current;
  }

  /** Takes lines for the log from now on: the log is there later than the configuration. */
  logTo(warn: (text: string) => void): void {
    this.#warn = warn;
  }

  /**
   * Asks `listener` about each update from now on, until the returned function is called. One that is on its way already may ask it too. What
   * holds now it reads from `current`, behind this call.
   * @throws FluxError EEXIST for a name that is taken.
   */
  listen(name: string, listener: ConfigListener): () => void {
    if (this.#listeners.has(name)) throw new FluxError("EEXIST", `config listener ${name} is there already`);
    this.#listeners.set(name, listener);
    return () => {
      if (this.#listeners.get(name) === listener) this.#listeners.delete(name);
    };
  }

  /** Calls `take` with each configuration that comes to hold, until the returned function is called. */
  watch(take: (config: JsonObject) => void): () => void {
    const watcher = (config: JsonObject): void => take(config);
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /**
   * Replaces the configuration; one that is equal changes nothing and asks nobody. Resolves to whether it was replaced.
   * @throws FluxError `error updating NAME: text` with the error number of the listener that refused; then all is as before.
   */
  update(config: JsonObject): Promise<boolean> {
    const turn = this.#latest.then(() => this.#update(config));
    this.#latest = turn.catch(() => {});
    return turn;
  }

  /**
   * Reads `path` again and replaces the configuration; without a path nothing happens. Resolves to whether it was replaced.
   * @throws FluxError `Config file error: text` as parseConfigPath does; as `update` does.
   */
  async reload(): Promise<boolean> {
    return this.path === undefined ? false : this.update(await readConfigPath(this.path));
  }

  async #update(config: JsonObject): Promise<boolean> {
    if (jsonEqual(config, this.#current)) return false;
    const asked = new Set<string>();
    // Who comes while others are asked is asked too.
    for (const [name, listener] of this.#listeners) {
      try {
        await listener(config);
        asked.add(name);
      } catch (error) {
        await this.#revert(asked);
        const { errno, message } = FluxError.from(error);
        throw new FluxError(errno, `error updating ${name}: ${message}`, { cause: error });
      }
    }
    this.#current = config;
    for (const take of this.#watchers) take(config);
    return true;
  }

  async #revert(asked: ReadonlySet<string>): Promise<void> {
    for (const [name, listener] of this.#listeners) {
      if (!asked.has(name)) continue;
      try {
        await listener(this.#current);
      } catch (error) {
        this.#warn(`error reverting ${name}: ${FluxError.from(error).message}`);
      }
    }
  }
}

/** parseConfigPath, its error as the broker's log and config.reload show it. */
export async function readConfigPath(path: string): Promise<JsonObject> {
  try {
    return await parseConfigPath(path);
  } catch (error) {
    const { errno, message } = FluxError.from(error);
    throw new FluxError(errno, `Config file error: ${message}`, { cause: error });
  }
}
