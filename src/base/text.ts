import { decodeUtf8, encodeUtf8 } from "./bytes.ts";

/** Longest part of a text of somebody else that an error repeats, in characters. */
const SHOWN = 128;
/** A part of a text that is shorter than this is a copy in V8, and a longer one keeps the whole text in memory. */
const SHORTEST_SLICE = 13;

/** A text of somebody else as an error repeats it: its first 128 characters. */
export function shortText(text: string): string {
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}…`;
}

/**
 * The same text in memory of its own, for one that is kept: engines keep the whole text in memory that a part was taken from, and a part of a
 * request is small where the request may be large. The text is well-formed Unicode.
 */
export function ownText(text: string): string {
  return text.length < SHORTEST_SLICE ? text : decodeUtf8(encodeUtf8(text));
}
