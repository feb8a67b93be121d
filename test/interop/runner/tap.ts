/**
 * Reading the Test Anything Protocol as sharness, pycotap and Lua's Test.More print it. Other lines may stand between: commands under
 * test write to the same stream, even lines that look like a result of their own; so a result counts if its number is higher than the last.
 */

export type Outcome = "ok" | "not ok" | "skipped" | "todo" | "missing";

/** One case of a script. `todo`: the script itself says that it is a known breakage. `missing`: the script numbered past it. */
export interface Case {
  readonly number: number;
  readonly name: string;
  readonly outcome: Outcome;
}

export interface Tap {
  readonly cases: readonly Case[];
  /** How many cases the script says it has; undefined if it never said. */
  readonly plan: number | undefined;
  /** Why the script skipped itself as a whole. */
  readonly skipAll: string | undefined;
  readonly bailOut: string | undefined;
}

const RESULT = /^(not )?ok (\d+)(.*)$/;
const PLAN = /^1\.\.(\d+)\s*(?:#\s*skip\S*\s*(.*))?$/i;

export function parseTap(text: string): Tap {
  const cases: Case[] = [];
  let plan: number | undefined;
  let skipAll: string | undefined;
  let bailOut: string | undefined;
  for (const line of text.split("\n").map((raw) => raw.trimEnd())) {
    const result = RESULT.exec(line);
    if (result !== null) {
      const number = Number(result[2]);
      if (number <= cases.length || number > cases.length + 1000) continue;
      while (cases.length < number - 1)
        cases.push({ number: cases.length + 1, name: "", outcome: "missing" });
      cases.push({ number, ...described(result[1] !== undefined, result[3]!) });
      continue;
    }
    const planned = PLAN.exec(line);
    if (planned !== null) {
      plan = Number(planned[1]);
      skipAll = plan === 0 ? (planned[2] ?? "") : undefined;
    } else if (line.startsWith("Bail out!")) bailOut = line.slice("Bail out!".length).trim();
  }
  return { cases, plan, skipAll, bailOut };
}

/** The name and outcome of what follows the number: ` - name # directive`, ` name`, or sharness' ` # skip name (missing X)`. */
function described(failed: boolean, rest: string): Pick<Case, "name" | "outcome"> {
  const skip = /^(.*?)\s*# *skip:?\s*(.*)$/i.exec(rest);
  if (skip !== null) return { name: nameOf(skip[1]!) || skip[2]!, outcome: "skipped" };
  const todo = /^(.*?)\s*# *TODO\b/i.exec(rest);
  if (todo !== null) return { name: nameOf(todo[1]!), outcome: failed ? "todo" : "ok" };
  return { name: nameOf(rest), outcome: failed ? "not ok" : "ok" };
}

function nameOf(text: string): string {
  return text.replace(/^\s*(?:- )?\s*/, "").trim();
}
