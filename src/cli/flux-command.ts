import { fileURLToPath } from "node:url";
import type { Environment } from "../connect/index.ts";
import { findProgram } from "../socket/index.ts";

/** The command `flux` of PATH; without one the command of this package, which has the same sub-commands for remote shells. */
export function findFluxCommand(env: Environment): string {
  return findProgram("flux", env["PATH"]) ?? fileURLToPath(import.meta.resolve("./main.js"));
}
