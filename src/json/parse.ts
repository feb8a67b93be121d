import type { JsonValue } from "./json-value.ts";
import { MAX_DEPTH } from "./json-value.ts";
import { parseExact } from "./parser.ts";
import { decodeUtf8, isWellFormed } from "./utf8.ts";

/** How to read a JSON text. */
export interface ParseOptions {
  /**
   * What becomes of a real whose value is whole, such as `1.0` or `1e3`. `"plain"` (the default) gives an ordinary
   * number; `"keep"` gives a Real, so that the value prints as a real again and unpack tells it from an integer.
   */
  readonly reals?: "plain" | "keep";
  /** Accept a scalar at the top too (jansson's JSON_DECODE_ANY). Default false: an object or array, as Flux peers. */
  readonly any?: boolean;
}

/**
 * Read JSON text by jansson's rules (RFC 8259, with the limits that C peers of a Flux instance have).
 *
 * Integers are exact: a number while safe, a bigint up to 64 bits, an error beyond. The last of two equal keys
 * wins. Nesting is at most 2048 deep.
 *
 * @returns a new value; reals are plain numbers unless `reals: "keep"`
 * @throws FluxError EPROTO with jansson's text, such as `'[' or '{' expected near '1'` or `too big integer near ...`
 */
export function parseJson(text: string, options?: ParseOptions): JsonValue {
  const keepReals = options?.reals === "keep";
  const any = options?.any === true;
  if (!any && isNativeExact(text) && !(keepReals && MAYBE_WHOLE_REAL.test(text))) {
    try {
      return JSON.parse(text) as JsonValue;
    } catch {
      // Not JSON: the exact parser says why.
    }
  }
  return parseExact(text, { keepReals, any });
}

/**
 * Read the bytes of a JSON payload, without the NUL that ends it on the wire: strict UTF-8, then as parseJson.
 * @throws FluxError EPROTO, for bad UTF-8 `unable to decode byte 0x..`
 */
export function decodeJson(bytes: Uint8Array, options?: ParseOptions): JsonValue {
  return parseJson(decodeUtf8(bytes), options);
}

/** Texts up to this length cannot nest past MAX_DEPTH: that takes as many closing brackets as opening ones. */
const SHALLOW_LENGTH = 2 * MAX_DEPTH;

/** A run of digits this long may be an integer past 2^53. */
const LONG_RUN = 16;

/** True when JSON.parse, if it accepts `text` at all, gives what C peers would see. */
function isNativeExact(text: string): boolean {
  const first = text.charCodeAt(0);
  return (
    (first === 0x7b || first === 0x5b) &&
    !hasLongInteger(text) &&
    !HUGE_EXPONENT.test(text) &&
    !hasSpecialEscape(text) &&
    isWellFormed(text) &&
    (text.length <= SHALLOW_LENGTH || !hasManyBrackets(text) || !isDeep(text))
  );
}

/** An exponent that may take a real past the largest double: JSON.parse would give Infinity. */
const HUGE_EXPONENT = /[eE]\+?[0-9]{3}(?<=[0-9][eE]\+?[0-9]{3})/;

/**
 * What a real that reads as a whole number looks like: an exponent, or a point behind which 0 or 9 comes first (the
 * rest may be lost in rounding), or more digits before the point than leave room for a fraction.
 */
const MAYBE_WHOLE_REAL = /[eE.][-+0-9](?<=[0-9](?:[eE].|\.[09])|[0-9]{11}..)/;

/** Escapes of surrogates, which may be alone, and of NUL, which no key may hold. */
const SPECIAL_ESCAPE = /\\u(?:[dD][89a-fA-F]|0000)/;

/** Short texts most often have no such escape, which a plain search finds out sooner; in long ones that is slow where there are many backslashes. */
const SEARCHED = 1024;

function hasSpecialEscape(text: string): boolean {
  return (text.length > SEARCHED || text.includes("\\u")) && SPECIAL_ESCAPE.test(text);
}

/**
 * True when a run of 16 or more digits is in `text` other than as a fraction. Every such run covers an index that
 * is 15 modulo 16, so only those are looked at.
 */
function hasLongInteger(text: string): boolean {
  for (let index = LONG_RUN - 1; index < text.length; index += LONG_RUN) {
    if (!isDigit(text.charCodeAt(index))) continue;
    let start = index;
    while (isDigit(text.charCodeAt(start - 1))) start--;
    let end = index + 1;
    while (isDigit(text.charCodeAt(end))) end++;
    if (end - start >= LONG_RUN && text.charCodeAt(start - 1) !== 0x2e) return true;
    index += Math.floor((end - index) / LONG_RUN) * LONG_RUN;
  }
  return false;
}

/** True when there are enough opening brackets, in strings or not, to reach MAX_DEPTH. */
function hasManyBrackets(text: string): boolean {
  let count = 0;
  for (const bracket of "[{") {
    for (let index = text.indexOf(bracket); index !== -1; index = text.indexOf(bracket, index + 1)) {
      if (++count >= MAX_DEPTH) return true;
    }
  }
  return false;
}

/** True when the brackets of `text` outside strings nest deeper than C peers accept, scalars counted. */
function isDeep(text: string): boolean {
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x22) index = skipString(text, index);
    else if (code === 0x7b || code === 0x5b) {
      // At the limit itself a scalar inside would be one level too many: let the exact parser see.
      if (++depth >= MAX_DEPTH) return true;
    } else if (code === 0x7d || code === 0x5d) depth--;
  }
  return false;
}

/** Index of the quote that closes the string opened at `open`, or the end of the text. */
function skipString(text: string, open: number): number {
  let index = open + 1;
  for (; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x5c) index++;
    else if (code === 0x22) break;
  }
  return index;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
