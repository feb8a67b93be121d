import { readFileSync } from "node:fs";
import tab from "@bomb.sh/tab/commander";
import type { Command } from "./commander.ts";

/** Scripts of this package. Those of the library evaluate what was typed. */
const SCRIPTS: Readonly<Record<string, string>> = { bash: "fluxbus.bash", zsh: "_fluxbus" };

/** Commands whose first argument is the name of an attribute. */
const NAMES_ATTRIBUTE = new Set(["getattr", "setattr"]);

/**
 * Adds `complete`: `fluxbus complete bash` prints the script for a shell, which asks `fluxbus complete -- WORDS` for what fits; `words` are those of the command line.
 */
export async function addCompletion(program: Command, words: readonly string[]): Promise<void> {
  const command = program.commands.find(
    (one) => NAMES_ATTRIBUTE.has(one.name()) && words.includes(one.name()),
  );
  if (command !== undefined) {
    const { attributeNames } = await import("./attribute-names.ts");
    command.registeredArguments[0]?.choices(await attributeNames(uriAmong(words)));
  }
  tab(program);
}

/** The value of `--uri`; undefined without one. */
function uriAmong(words: readonly string[]): string | undefined {
  const index = words.indexOf("--uri");
  return index < 0 ? words.find((word) => word.startsWith("--uri="))?.slice(6) : words[index + 1];
}

/** The completion script for a shell, undefined for one that has none here. */
export function completionScript(shell: string | undefined): string | undefined {
  const file = SCRIPTS[shell ?? ""];
  if (file === undefined) return undefined;
  return readFileSync(new URL(`../../completions/${file}`, import.meta.url), "utf8");
}
