import { Scope } from "../base/index.ts";

/** Loads a module; `scope` takes what unloads it, before anything is opened that would be left behind by a failure. */
export type LoadModule = (scope: Scope) => Promise<void>;

/**
 * The parts of a broker that are modules of flux-core's broker: loaded one after the other when its life begins, unloaded all at once when it ends. One
 * that can't be loaded ends the broker, one that hangs does not keep it. Source: modhash.c in flux-core.
 */
export class BuiltinModules {
  readonly #modules: Readonly<Record<string, LoadModule>>;
  readonly #loaded = new Map<string, Scope>();
  #unloading = false;

  /** `modules` in the order they are loaded in. */
  constructor(modules: Readonly<Record<string, LoadModule>>) {
    this.#modules = modules;
  }

  /** Names of the modules that were loaded, the one last that is being loaded or could not be, and are not unloaded. */
  get loaded(): readonly string[] {
    return [...this.#loaded.keys()];
  }

  /** Throws what the first module throws that can't be loaded: the others are not tried, and those before it want to be unloaded. */
  async load(): Promise<void> {
    for (const [name, load] of Object.entries(this.#modules)) {
      const scope = new Scope();
      this.#loaded.set(name, scope);
      await load(scope);
    }
  }

  /**
   * Resolves when all are unloaded; rejects with the first error, and then some may go on being unloaded. Called again it waits for none: they had
   * their time.
   */
  async unload(): Promise<void> {
    if (this.#unloading) return;
    this.#unloading = true;
    await Promise.all(
      [...this.#loaded].reverse().map(async ([name, scope]) => {
        await scope.close();
        this.#loaded.delete(name);
      }),
    );
  }
}
