import { ByteSlab, type ByteSpan } from "./byte-slab.ts";
import { decodeLatin1, plainView, utf8Length, writeLatin1 } from "./bytes.ts";
import { FluxError } from "./flux-error.ts";

interface HostBufferClass {
  from(text: string, encoding: "base64"): Uint8Array;
  from(memory: ArrayBufferLike, offset: number, length: number): { toString(encoding: "base64"): string };
}

const host = (globalThis as { Buffer?: HostBufferClass }).Buffer;

/** Up to this many bytes a loop beats the host's routines, which make a text of them. */
const SMALL_BYTES = 192;
const ALPHABET = Uint8Array.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", (char) =>
  char.charCodeAt(0),
);
const EQUALS = 0x3d;
/** Value of each character; 64 for those that are none. */
const VALUES = new Uint8Array(256).fill(64);
for (const [value, char] of ALPHABET.entries()) VALUES[char] = value;

/** The longest text of V8, in characters; other hosts take more. */
const LONGEST_TEXT = 2 ** 29 - 24;

/** `bytes` in base64 (RFC 4648, standard alphabet, padded). Throws ENOMEM when there is no text that long. */
export function encodeBase64(bytes: Uint8Array): string {
  if (Math.ceil(bytes.length / 3) * 4 > LONGEST_TEXT) throw new FluxError("ENOMEM");
  if (host === undefined) return btoa(decodeLatin1(bytes));
  return host.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/**
 * The bytes of a base64 text, or undefined when it is malformed. As strict as flux-core's decoder, and as lenient: padding may
 * be missing, but whitespace, the URL alphabet, `=` before the last four characters and a last group of one are refused.
 */
export function decodeBase64(text: string): Uint8Array | undefined {
  const tail = text.length === 0 ? 0 : ((text.length - 1) % 4) + 1;
  let end = text.length;
  while (end > text.length - tail && text[end - 1] === "=") end--;
  if (end % 4 === 1 || text.includes("-") || text.includes("_")) return undefined;
  // The host takes a character beyond a byte for its low byte.
  if (utf8Length(text) !== text.length) return undefined;
  const expected = Math.floor((end * 3) / 4);
  if (host === undefined) return decodeWithAtob(text.slice(0, end), expected);
  const bytes = plainView(host.from(end === text.length ? text : text.slice(0, end), "base64"));
  return bytes.length === expected ? bytes : undefined;
}

function decodeWithAtob(text: string, expected: number): Uint8Array | undefined {
  if (/[^A-Za-z0-9+/]/.test(text)) return undefined;
  const characters = atob(text);
  const bytes = new Uint8Array(expected);
  for (let i = 0; i < expected; i++) bytes[i] = characters.charCodeAt(i);
  return bytes;
}

/** Characters of the base64 of `length` bytes, padding included. */
export function base64Length(length: number): number {
  return Math.ceil(length / 3) * 4;
}

/** Writes the base64 of `bytes` at `at`, where there is room for it. Throws ENOMEM as `encodeBase64` does. */
export function writeBase64(to: Uint8Array, at: number, bytes: Uint8Array): void {
  const { length } = bytes;
  if (length > SMALL_BYTES) {
    writeLatin1(to, at, encodeBase64(bytes));
    return;
  }
  let out = at;
  let i = 0;
  for (; i + 2 < length; i += 3) {
    const word = (bytes[i]! << 16) | (bytes[i + 1]! << 8) | bytes[i + 2]!;
    to[out] = ALPHABET[word >> 18]!;
    to[out + 1] = ALPHABET[(word >> 12) & 63]!;
    to[out + 2] = ALPHABET[(word >> 6) & 63]!;
    to[out + 3] = ALPHABET[word & 63]!;
    out += 4;
  }
  if (i === length) return;
  const word = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8);
  to[out] = ALPHABET[word >> 18]!;
  to[out + 1] = ALPHABET[(word >> 12) & 63]!;
  to[out + 2] = i + 1 < length ? ALPHABET[(word >> 6) & 63]! : EQUALS;
  to[out + 3] = EQUALS;
}

/** Where short texts are decoded to. */
const slab = new ByteSlab();

/** As `decodeBase64`, of the characters in `text[start, end)`. */
export function decodeBase64Bytes(text: Uint8Array, start: number, end: number): ByteSpan | undefined {
  if (end - start > SMALL_BYTES * 2) return wholeSpan(decodeBase64(decodeLatin1(text, start, end)));
  const tail = end === start ? 0 : ((end - start - 1) % 4) + 1;
  let last = end;
  while (last > end - tail && text[last - 1] === EQUALS) last--;
  const rest = (last - start) % 4;
  if (rest === 1) return undefined;
  const size = Math.floor(((last - start) * 3) / 4);
  const first = slab.reserve(size);
  const { bytes } = slab;
  let out = first;
  let bad = 0;
  const whole = last - rest;
  for (let i = start; i < whole; i += 4) {
    const a = VALUES[text[i]!]!;
    const b = VALUES[text[i + 1]!]!;
    const c = VALUES[text[i + 2]!]!;
    const d = VALUES[text[i + 3]!]!;
    bad |= a | b | c | d;
    bytes[out] = (a << 2) | (b >> 4);
    bytes[out + 1] = (b << 4) | (c >> 2);
    bytes[out + 2] = (c << 6) | d;
    out += 3;
  }
  if (rest > 0) {
    const a = VALUES[text[whole]!]!;
    const b = VALUES[text[whole + 1]!]!;
    const c = rest === 3 ? VALUES[text[whole + 2]!]! : 0;
    bad |= a | b | c;
    bytes[out] = (a << 2) | (b >> 4);
    if (rest === 3) bytes[out + 1] = (b << 4) | (c >> 2);
  }
  return (bad & 64) === 0 ? { bytes, start: first, end: first + size } : undefined;
}

function wholeSpan(bytes: Uint8Array | undefined): ByteSpan | undefined {
  return bytes === undefined ? undefined : { bytes, start: 0, end: bytes.length };
}
