/** Longest part of a text of somebody else that an error repeats, in characters. */
const SHOWN = 128;

/** A text of somebody else as an error repeats it: its first 128 characters. */
export function shortText(text: string): string {
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}…`;
}

/**
 * The same text in memory of its own, for one that is kept: a slice of a string keeps all of that string
 * in memory, and a part of a request is small where the request may be large.
 */
export function ownText(text: string): string {
  // The slice is of a new string, which holds one space more.
  return ` ${text}`.slice(1);
}
