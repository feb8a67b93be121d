/** Controls (C0, DEL, C1), line and paragraph separators, marks that change the direction of text. */
const CONTROLS = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

const NAMED: Readonly<Record<string, string>> = { "\t": "\t", "\n": "\\n", "\r": "\\r" };

/**
 * `text` on one line and without effect on a terminal: control characters but tab, line separators and marks of text
 * direction become escapes as `\n`, `\x1b`, `\u202e`.
 */
export function printable(text: string): string {
  return text.replace(CONTROLS, escaped);
}

/** As `printable`, of text whose characters are bytes: those from 0x80 on may be parts of UTF-8 and stay. */
export function printableBytes(text: string): string {
  return text.replace(CONTROLS, (character) => (character < "\x80" ? escaped(character) : character));
}

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  const hex = code.toString(16);
  return NAMED[character] ?? (code < 0x100 ? `\\x${hex.padStart(2, "0")}` : `\\u${hex.padStart(4, "0")}`);
}
