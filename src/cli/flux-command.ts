import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Environment } from "../connect/index.ts";

/** The command `flux` of PATH; without one the command of this package, which has the same sub-commands for remote shells. */
export function findFluxCommand(env: Environment): string {
  for (const folder of (env["PATH"] ?? "").split(delimiter)) {
    const file = join(folder || ".", "flux");
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not here.
    }
  }
  return fileURLToPath(import.meta.resolve("./main.js"));
}
