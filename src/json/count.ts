/** What a byte begins, outside of strings. */
const NOTHING = 0;
const STRING = 1;
const CONTAINER = 2;
const SCALAR = 3;

/** By byte: separators, white space and closing brackets begin nothing; what is no JSON counts as a scalar. */
const BEGINS = new Uint8Array(256).fill(SCALAR);
for (const char of " \t\n\r,:]}\0") BEGINS[char.charCodeAt(0)] = NOTHING;
for (const char of "[{") BEGINS[char.charCodeAt(0)] = CONTAINER;
BEGINS[0x22] = STRING;

/**
 * True when the JSON text in `bytes[start, end)` has more than `limit` values: objects, arrays, scalars and keys. It stops at the value that
 * is one too many, and makes nothing of those before it. A text that is no JSON gets an answer too.
 */
export function hasMoreValues(bytes: Uint8Array, start: number, end: number, limit: number): boolean {
  // Two values have a byte between them.
  if ((end - start + 1) / 2 <= limit) return false;
  let count = 0;
  for (let at = start; at < end; at++) {
    let kind = BEGINS[bytes[at]!]!;
    if (kind === NOTHING) continue;
    if (++count > limit) return true;
    if (kind === STRING) at = endOfString(bytes, at + 1, end);
    else if (kind === SCALAR) {
      do kind = ++at < end ? BEGINS[bytes[at]!]! : NOTHING;
      while (kind === SCALAR);
      at--;
    }
  }
  return false;
}

/** Index of the quote that closes the string whose first character is at `from`; `end` without one. */
function endOfString(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  for (; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === 0x22) return at;
    if (byte === 0x5c) at++;
  }
  return at;
}
