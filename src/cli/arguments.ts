import { parseDuration, TIMER_MAX_MS } from "../base/index.ts";
import { argumentParser } from "./commander.ts";

/** Ranks end below the two special node ids. */
const RANK_MAX = 0xfffffffd;

function parseInteger(text: string, least: number, most = Number.MAX_SAFE_INTEGER): number | undefined {
  if (!/^\d+$/.test(text)) return undefined;
  const value = Number(text);
  return value >= least && value <= most ? value : undefined;
}

/** A number of things, from 0. */
export const countArgument = argumentParser((text) => parseInteger(text, 0), "a whole number");

/** A number of things, from 1. */
export const positiveArgument = argumentParser(
  (text) => parseInteger(text, 1),
  "a whole number greater than 0",
);

export const rankArgument = argumentParser(parseRank, "a rank");

/** The rank that a word names; undefined for other words. */
export function parseRank(text: string): number | undefined {
  return parseInteger(text, 0, RANK_MAX);
}

/** A duration in milliseconds; Infinity for none. */
export const durationArgument = argumentParser((text) => {
  const ms = parseDuration(text);
  return ms === undefined || (ms > TIMER_MAX_MS && Number.isFinite(ms)) ? undefined : ms;
}, "seconds or a number with unit ms, s, m, h or d");

/** Where a request goes: a rank, `any` or `upstream`. */
export type Nodeid = number | "any" | "upstream";

export const nodeidArgument = argumentParser(parseNodeid, "a rank, 'any' or 'upstream'");

/** The node id that a word names; undefined for other words. */
export function parseNodeid(text: string): Nodeid | undefined {
  return text === "any" || text === "upstream" ? text : parseRank(text);
}

/** What a node id is among the options of a call. */
export function nodeidOption(nodeid: Nodeid | undefined): { nodeid?: number; upstream?: boolean } {
  if (nodeid === "upstream") return { upstream: true };
  return typeof nodeid === "number" ? { nodeid } : {};
}
