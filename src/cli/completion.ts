import { readFileSync } from "node:fs";
import tab from "@bomb.sh/tab/commander";
import type { Command } from "./commander.ts";

/** Scripts of this package. Those of the library evaluate what was typed. */
const SCRIPTS: Readonly<Record<string, string>> = { bash: "fluxbus.bash", zsh: "_fluxbus" };

/**
 * Adds `complete`: `fluxbus complete bash` prints the script for a shell, which asks `fluxbus complete -- WORDS` for what fits.
 */
export function addCompletion(program: Command): void {
  tab(program);
}

/** The completion script for a shell, undefined for one that has none here. */
export function completionScript(shell: string | undefined): string | undefined {
  const file = SCRIPTS[shell ?? ""];
  if (file === undefined) return undefined;
  return readFileSync(new URL(`../../completions/${file}`, import.meta.url), "utf8");
}
