import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CLIENTS } from "./clients.ts";
import { EVENTS } from "./events.ts";
import { LOG } from "./log.ts";
import { MESSAGES } from "./messages.ts";
import { PROGRAMS } from "./programs.ts";
import type { LimitRow } from "./row.ts";
import { TREE } from "./tree.ts";

/** The table "What is bounded, and how" of ARCHITECTURE.md, one row for each thing that is kept. */
export const LIMITS: readonly LimitRow[] = [...MESSAGES, ...CLIENTS, ...EVENTS, ...LOG, ...TREE, ...PROGRAMS];

const FILE = join(import.meta.dirname, "../../../ARCHITECTURE.md");
const HEAD = "| what | limit | beyond it |\n|---|---|---|\n";

/** The table as Markdown, each line with its end. */
export function limitsTable(): string {
  const lines = LIMITS.map(({ what, limit, beyond }) => `| ${what} | ${limit} | ${beyond} |\n`);
  return HEAD + lines.join("");
}

/** The table that ARCHITECTURE.md has. Throws when it has none. */
export function writtenTable(): string {
  const text = readFileSync(FILE, "utf8");
  const { start, end } = placeIn(text);
  return text.slice(start, end);
}

/** Writes the table into ARCHITECTURE.md, in the place of the one that is there; true when that changes it. */
export function writeTable(): boolean {
  const text = readFileSync(FILE, "utf8");
  const { start, end } = placeIn(text);
  const after = text.slice(0, start) + limitsTable() + text.slice(end);
  if (after === text) return false;
  writeFileSync(FILE, after);
  return true;
}

function placeIn(text: string): { readonly start: number; readonly end: number } {
  const start = text.indexOf(HEAD);
  if (start < 0) throw new Error(`${FILE} has no table that begins with ${HEAD}`);
  const rows = /^(?:\|.*\n)+/.exec(text.slice(start))![0];
  return { start, end: start + rows.length };
}
