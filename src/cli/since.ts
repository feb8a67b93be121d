import { parseDuration } from "../base/index.ts";
import type { Since } from "../client/index.ts";
import { isPosition, LAST_SEQ, parsePosition } from "../message/index.ts";
import { argumentParser } from "./commander.ts";

/** Where to begin with events. */
export const sinceArgument = argumentParser(
  (text) => parseSince(text, Date.now()),
  "EPOCH:SEQ, SEQ, begin, now, a date as 2026-11-22T02:33, or how long ago, as -10m",
);

/** Where to end with events; without an epoch it is the present one. */
export const untilArgument = argumentParser(
  (text) => (/^\d+(:\d+)?$/.test(text) ? (parseSince(text, 0) as Until | undefined) : undefined),
  "EPOCH:SEQ or SEQ",
);

export interface Until {
  readonly epoch?: number;
  readonly seq: number;
}

/**
 * Where to begin with events, as a word: `EPOCH:SEQ` and `SEQ` (behind that event), `begin`, `now`, a date such as `2026-11-22`, `2026-11-22T02:33` (local
 * time) or `2026-11-22T02:33:46Z`, or how long ago, as in `-10m`. Undefined for other words.
 */
export function parseSince(text: string, nowMs: number): Since | undefined {
  if (text === "begin" || text === "now") return text;
  if (/^\d+:\d+$/.test(text)) return positionOf(text);
  if (/^\d+$/.test(text)) return Number(text) <= LAST_SEQ ? { seq: Number(text) } : undefined;
  if (text.startsWith("-")) {
    const ago = parseDuration(text.slice(1));
    return ago === undefined || !Number.isFinite(ago) ? undefined : { time: nowMs - ago };
  }
  const time = dateOf(text);
  return time === undefined ? undefined : { time };
}

/** Milliseconds since 1970 of a date, with a time or without; undefined for other texts. */
function dateOf(text: string): number | undefined {
  const match = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/.exec(text);
  if (match === null) return undefined;
  // A date alone would be one of UTC.
  const ms = Date.parse(match[1] === undefined ? `${text}T00:00` : text.replace(" ", "T"));
  return Number.isNaN(ms) ? undefined : ms;
}

function positionOf(text: string): Since | undefined {
  const [epoch, seq] = text.split(":").map(Number);
  return isPosition({ epoch: epoch!, seq: seq! }) ? parsePosition(text) : undefined;
}
