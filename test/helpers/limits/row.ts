/** A test that shows a row: its file under `test/`, and its title as the file has it. */
export type Shown = readonly [file: string, title: string];

/** A row of the table "What is bounded, and how" in ARCHITECTURE.md, in Markdown. */
export interface LimitRow {
  readonly what: string;
  /** Numbers in it come from the constants that the code uses. */
  readonly limit: string;
  readonly beyond: string;
  /** The tests that reach the limit, and those that see that it is the default. */
  readonly shownBy: readonly Shown[];
}

const UNITS = ["KiB", "MiB", "GiB"] as const;

/** Bytes in the largest unit of which they are a whole number: `128 KiB`, `255 bytes`. */
export function bytes(number: number): string {
  let value = number;
  let unit = "bytes";
  for (const larger of UNITS) {
    if (value % 1024 !== 0) break;
    value /= 1024;
    unit = larger;
  }
  return `${count(value)} ${unit}`;
}

/** A whole number with a comma before each three digits: `65,536`. */
export function count(number: number): string {
  if (!Number.isSafeInteger(number)) throw new RangeError(`${number} is no number of things`);
  return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Milliseconds in the largest unit of which they are a whole number: `10 ms`, `5 s`, `1 min`. */
export function time(ms: number): string {
  if (ms % 60_000 === 0) return `${count(ms / 60_000)} min`;
  return ms % 1000 === 0 ? `${count(ms / 1000)} s` : `${count(ms)} ms`;
}
