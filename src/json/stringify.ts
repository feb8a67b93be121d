import { FluxError } from "../base/index.ts";
import { INT64_MAX, INT64_MIN, type JsonValue, MAX_DEPTH } from "./json-value.ts";
import { formatReal, Real } from "./real.ts";
import { decodeUtf8, encodeUtf8, isWellFormed } from "./utf8.ts";

/** How to write a JSON text. */
export interface StringifyOptions {
  /** Put a space after `,` and `:`, as jansson and Python do by default. Default false: compact. */
  readonly spaced?: boolean;
  /** Accept a scalar at the top too (jansson's JSON_ENCODE_ANY). Default false: C peers refuse such a text. */
  readonly any?: boolean;
}

/**
 * Write JSON text as jansson's json_dumps with JSON_COMPACT does, so that C peers see what was meant.
 *
 * A number prints as an integer while it is safe (within plus or minus 2^53 - 1), otherwise as a real; a bigint as
 * an integer; a Real always with a fraction or an exponent. Members that are `undefined` are left out. Objects of
 * classes with a `toJSON` method (Date, URL) print what it returns.
 *
 * @throws FluxError EINVAL for what no peer can read: NaN and infinities, bigints past 64 bits, lone surrogates,
 *   NUL in a key, nesting past 2048, undefined in an array, functions and symbols, a scalar at the top
 */
export function stringifyJson(value: JsonValue, options?: StringifyOptions): string {
  if ((typeof value !== "object" || value === null || value instanceof Real) && options?.any !== true) {
    throw new FluxError("EINVAL", `a JSON text is an object or an array, not ${describe(value)}`);
  }
  if (options?.spaced === true) return write(value, 1, ", ", ": ");
  if (typeof value === "object" && value !== null && isNativeExact(value, 1)) {
    const text = JSON.stringify(value);
    // Surrogates that stand alone and most control characters: JSON.stringify writes those otherwise.
    if (!hasUnicodeEscape(text)) return text;
  }
  return write(value, 1, ",", ":");
}

/**
 * The UTF-8 bytes of stringifyJson, without a closing NUL.
 * @throws FluxError EINVAL as stringifyJson
 */
export function encodeJson(value: JsonValue, options?: StringifyOptions): Uint8Array {
  return encodeUtf8(stringifyJson(value, options));
}

/** Texts longer than this are searched for escapes by a regular expression, which costs more to start; a search for two characters is slow where one comes often. */
const SEARCHED = 1024;
const UNICODE_ESCAPE = /\\u[0-9a-f]/;

function hasUnicodeEscape(text: string): boolean {
  return text.length > SEARCHED ? UNICODE_ESCAPE.test(text) : text.includes("\\u");
}

/** True when JSON.stringify writes the numbers and shapes below `container` as C peers must see them. */
function isNativeExact(container: object, depth: number): boolean {
  if (depth >= MAX_DEPTH) return false;
  if (Array.isArray(container)) {
    for (let index = 0; index < container.length; index++) {
      const member: unknown = container[index];
      if (member === undefined) return false;
      if (isNativeScalar(member)) continue;
      if (typeof member !== "object" || !isNativeExact(member!, depth + 1)) return false;
    }
    return true;
  }
  if (container.constructor !== Object) return false;
  for (const key in container) {
    const member = (container as Record<string, unknown>)[key];
    if (isNativeScalar(member)) continue;
    if (typeof member !== "object" || !isNativeExact(member!, depth + 1)) return false;
  }
  return true;
}

function isNativeScalar(scalar: unknown): boolean {
  if (typeof scalar === "string" || typeof scalar === "boolean" || scalar === undefined) return true;
  return scalar === null || (typeof scalar === "number" && Number.isSafeInteger(scalar));
}

/** One call for each level: values nest 2048 deep, and the stack is not much deeper than that. */
function write(value: unknown, depth: number, comma: string, colon: string): string {
  if (depth > MAX_DEPTH) throw new FluxError("EINVAL", `JSON nested deeper than ${MAX_DEPTH}`);
  if (typeof value !== "object" || value === null) return writeScalar(value);
  if (Array.isArray(value)) {
    let text = "[";
    for (let index = 0; index < value.length; index++) {
      if (index > 0) text += comma;
      text += write(value[index], depth + 1, comma, colon);
    }
    return `${text}]`;
  }
  if (value.constructor !== Object) {
    if (value instanceof Real) return formatReal(value.value);
    const toJSON: unknown = (value as Record<string, unknown>)["toJSON"];
    if (typeof toJSON === "function") return write(toJSON.call(value, ""), depth, comma, colon);
  }
  let text = "";
  for (const key of Object.keys(value)) {
    const member = (value as Record<string, unknown>)[key];
    if (member === undefined) continue;
    text += `${text === "" ? "{" : comma}${quoteKey(key)}${colon}`;
    text += write(member, depth + 1, comma, colon);
  }
  return text === "" ? "{}" : `${text}}`;
}

function writeScalar(value: unknown): string {
  switch (typeof value) {
    case "string":
      return quote(value);
    case "number":
      return Number.isSafeInteger(value) ? `${value}` : writeReal(value);
    case "boolean":
      return value ? "true" : "false";
    case "bigint":
      return writeBigint(value);
    case "object":
      return "null";
    default:
      throw new FluxError("EINVAL", `JSON cannot hold ${describe(value)}`);
  }
}

function writeReal(value: number): string {
  if (!Number.isFinite(value)) throw new FluxError("EINVAL", "Invalid floating point value");
  return formatReal(value);
}

function writeBigint(value: bigint): string {
  if (value > INT64_MAX) throw new FluxError("EINVAL", "too big integer");
  if (value < INT64_MIN) throw new FluxError("EINVAL", "too big negative integer");
  return String(value);
}

function quoteKey(key: string): string {
  if (key.includes("\0")) throw new FluxError("EINVAL", "NUL byte in object key not supported");
  return quote(key);
}

/** Strings longer than this are searched by a regular expression, which costs more to start. */
const LOOKED_THROUGH = 32;

// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON escapes exactly these.
const NEEDS_CARE = /["\\\u0000-\u001f\ud800-\udfff]/;

function quote(text: string): string {
  if (text.length > LOOKED_THROUGH) return NEEDS_CARE.test(text) ? quoteWithCare(text) : `"${text}"`;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code === 0x22 || code === 0x5c || (code & 0xf800) === 0xd800) {
      return quoteWithCare(text);
    }
  }
  return `"${text}"`;
}

function quoteWithCare(text: string): string {
  if (!isWellFormed(text)) throw new FluxError("EINVAL", "Invalid UTF-8 string");
  const quoted = JSON.stringify(text);
  return LETTERED.test(text) ? withCapitals(quoted) : quoted;
}

/** Control characters whose escapes have a letter, but for those of the short escapes. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
const LETTERED = /[\u000b\u000e\u000f\u001a-\u001f]/;

/** The host writes control characters as \u001f, jansson as \u001F: all else is the same. */
function withCapitals(quoted: string): string {
  const bytes = encodeUtf8(quoted);
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] !== 0x5c || bytes[++at] !== 0x75) continue;
    at += 4;
    const digit = bytes[at]!;
    if (digit >= 0x61) bytes[at] = digit - 0x20;
  }
  return decodeUtf8(bytes);
}

function describe(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  return typeof value === "object" ? "a real" : `a ${typeof value}`;
}
