import { FluxError } from "../base/index.ts";
import type { AttributeTable } from "../broker/index.ts";
import type { Environment } from "../connect/index.ts";
import { commandLine, isInteractiveShell, leadsGroup, shellLine } from "./program.ts";
import type { Runat } from "./runat.ts";

/** The variables of the instance in the environment of its commands. */
export function commandVariables(attributes: AttributeTable): Record<string, string> {
  const jobid = attributes.get("jobid");
  return {
    FLUX_URI: attributes.get("local-uri")!,
    ...(jobid === undefined ? {} : { FLUX_ENCLOSING_ID: jobid }),
  };
}

/**
 * What the life of a broker runs: rc1 and rc3 by their attributes, and the words of the initial program, of which none are the user's shell.
 * @throws FluxError ENOTTY for a shell without a terminal.
 */
export function pushPhases(
  runat: Runat,
  attributes: AttributeTable,
  program: readonly string[] | undefined,
  env: Environment,
): void {
  for (const phase of ["rc1", "rc3"]) {
    const name = `broker.${phase}_path`;
    attributes.defineDefault(name, "");
    const line = attributes.get(name);
    if (line) runat.push(phase, { ...shellLine(line, env), output: "log" });
  }
  if (program === undefined || attributes.has("broker.rc2_none")) return;
  if (isInteractiveShell(program) && process.stdin.isTTY !== true) {
    throw new FluxError("ENOTTY", "stdin is not a tty - can't run interactive shell");
  }
  // What the program leaves behind in the broker's own group can be hung up on when the broker exits.
  const ownGroup = attributes.has("broker.rc2_pgrp") || !leadsGroup();
  runat.push("rc2", { ...commandLine(program, env), output: "inherit", ownGroup });
}
