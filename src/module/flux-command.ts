import { FluxError } from "../base/index.ts";
import { findProgram } from "../socket/index.ts";

/**
 * The words that run a command of flux(1): a path as it is, else `flux-NAME` of the directories in FLUX_EXEC_PATH, else
 * `flux NAME` with the flux in PATH.
 * @throws FluxError ENOENT when there is none of these.
 */
export function fluxCommand(name: string, env: Readonly<NodeJS.ProcessEnv>): string[] {
  if (name.includes("/")) return [name];
  const own = findProgram(`flux-${name}`, env["FLUX_EXEC_PATH"]);
  if (own !== undefined) return [own];
  const flux = findProgram("flux", env["PATH"]);
  if (flux !== undefined) return [flux, name];
  const text = `this module runs through flux-core's 'flux ${name}', and neither FLUX_EXEC_PATH nor PATH leads to that`;
  throw new FluxError("ENOENT", text);
}
