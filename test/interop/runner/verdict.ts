/** Compares how cases ended with what is known to fail. */
import type { ScriptResult } from "./run-script.ts";
import type { Case } from "./tap.ts";

export type Broker = "flux" | "fluxbus";

/** Where a known failure shows. `fluxbus`: with fluxbus. `any`: with any broker, because of the machine or of flux-core. */
export type Where = "fluxbus" | "any";

export interface KnownFailure {
  readonly script: string;
  /** Case numbers, as `1, 4-6`. 0 is the script as a whole. */
  readonly cases: string;
  readonly where: Where;
  readonly reason: string;
  /** It may as well pass. For what depends on the load of the machine. */
  readonly unsteady?: true;
}

export interface Verdict {
  readonly result: ScriptResult;
  readonly passed: number;
  readonly skipped: number;
  /** Failed cases, with the reason of those that are known to fail. */
  readonly failed: readonly { readonly case: Case; readonly reason: string | undefined }[];
  /** Cases known to fail that passed, or that the script hasn't got. */
  readonly stale: readonly { readonly number: number; readonly problem: string }[];
  /** Whether everything was as expected. */
  readonly asKnown: boolean;
}

export function judge(result: ScriptResult, known: readonly KnownFailure[], broker: Broker): Verdict {
  const expected = new Map<number, KnownFailure>();
  for (const entry of known.filter(
    ({ script, where }) => script === result.script && applies(where, broker),
  )) {
    for (const number of caseNumbers(entry.cases)) expected.set(number, entry);
  }
  const of = (outcome: Case["outcome"]): Case[] => result.cases.filter((each) => each.outcome === outcome);
  const failed = result.cases
    .filter(({ outcome }) => outcome === "not ok" || outcome === "missing")
    .map((each) => ({ case: each, reason: expected.get(each.number)?.reason }));
  const brokeOff = result.cases[0]?.number === 0 || result.skipAll !== undefined;
  const stale = [...expected].flatMap(([number, { unsteady }]) => {
    if (unsteady) return [];
    const found = result.cases.find((each) => each.number === number);
    if (found?.outcome === "ok") return [{ number, problem: `${found.name}: known to fail, but passed` }];
    if (found !== undefined || (brokeOff && number !== 0)) return [];
    return [{ number, problem: number === 0 ? "known to break off, but did not" : "no such case" }];
  });
  return {
    result,
    passed: of("ok").length,
    skipped: of("skipped").length + of("todo").length,
    failed,
    stale,
    asKnown: stale.length === 0 && failed.every(({ reason }) => reason !== undefined),
  };
}

function applies(where: Where, broker: Broker): boolean {
  return where === "any" || broker === "fluxbus";
}

/**
 * The numbers that a text as `1, 4-6` means.
 * @throws Error for anything else
 */
export function caseNumbers(text: string): number[] {
  return text.split(",").flatMap((part) => {
    const range = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(part);
    if (range === null) throw new Error(`not a list of case numbers: ${text}`);
    const [first, last] = [Number(range[1]), Number(range[2] ?? range[1])];
    if (last < first) throw new Error(`not a list of case numbers: ${text}`);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
