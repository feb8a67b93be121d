import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/**
 * The module `./name.js` beside this one, with all it imports: what `load` imports, for the types and where it can't be had otherwise. Node takes a third
 * less time for many modules by `require`, one after the other, than by `import`, which asks for each by promises; and loading is most of the time in which a
 * broker starts. None of them may wait at its top level.
 */
export async function loadAtOnce<T>(name: string, load: () => Promise<T>): Promise<T> {
  // From the source, and where Node (22.0 to 22.11) keeps apart what is required and what is imported.
  const isCompiled = import.meta.url.endsWith(".js");
  if (!isCompiled || process.features.require_module !== true) return await load();
  return createRequire(import.meta.url)(fileURLToPath(new URL(`./${name}.js`, import.meta.url))) as T;
}
