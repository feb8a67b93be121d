/** Writes the tables of docs/interop.md. What stands outside the markers is written by hand and stays. */
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { DEFAULT_SCRIPTS } from "./runner/scripts.ts";
import type { KnownFailure, Verdict, Where } from "./runner/verdict.ts";

export const DOCS = resolve(join(import.meta.dirname, "../../docs/interop.md"));

const HEADINGS: Readonly<Record<Where, string>> = {
  fluxbus: "With fluxbus",
  any: "With any broker",
};

/** Writes the known failures, and the figures of this run if it ran every script that is run by default. */
export function writeDocs(verdicts: readonly Verdict[], known: readonly KnownFailure[]): void {
  let text = replaceSection(readFileSync(DOCS, "utf8"), "known", knownTables(known));
  const ran = new Map(verdicts.map((verdict) => [verdict.result.script, verdict]));
  const all = DEFAULT_SCRIPTS.map((name) => ran.get(name));
  if (all.every((verdict) => verdict !== undefined)) {
    text = replaceSection(text, "figures", figuresTable(all));
  }
  writeFileSync(DOCS, text);
}

/** The text with what stands between the markers `<!-- NAME -->` and `<!-- /NAME -->` replaced. @throws Error if they are missing */
export function replaceSection(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/interop.md has no section ${name}`);
  return `${text.slice(0, from + begin.length)}\n${content}\n${text.slice(to)}`;
}

export function knownTables(known: readonly KnownFailure[]): string {
  const parts = (Object.keys(HEADINGS) as Where[]).map((where) => {
    const rows = known.filter((entry) => entry.where === where);
    if (rows.length === 0) return `### ${HEADINGS[where]}\n\nNone.\n`;
    const body = rows.map(
      ({ script, cases, reason, unsteady }) =>
        `| ${script} | ${cell(cases)} | ${cell(reason)}${unsteady ? " (not always)" : ""} |\n`,
    );
    return `### ${HEADINGS[where]}\n\n| script | cases | reason |\n|---|---|---|\n${body.join("")}`;
  });
  return parts.join("\n");
}

/** Case 0 is the script as a whole. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|").replace(/^0(?=$|,)/, "as a whole");
}

function figuresTable(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ result, passed, failed, skipped }) => {
    const count = result.cases.filter(({ number }) => number > 0).length;
    return `| ${result.script} | ${count} | ${passed} | ${failed.length} | ${skipped} |\n`;
  });
  return `| script | cases | passed | failed | skipped |\n|---|---:|---:|---:|---:|\n${rows.join("")}`;
}
