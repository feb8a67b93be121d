import { FluxError } from "../base/index.ts";

/** What Node's Buffer offers here; browsers have none and take the Encoding API. */
interface NodeBuffer {
  from(text: string, encoding: "utf8"): Uint8Array;
  byteLength(text: string): number;
  readonly prototype: { utf8Slice?(this: Uint8Array, start: number, end: number): string };
}

const buffer = (globalThis as { Buffer?: NodeBuffer }).Buffer;
const utf8Slice = buffer?.prototype.utf8Slice;
// ignoreBOM keeps a byte order mark in the text, where the parser refuses it as C does.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();
const isWellFormedNative = (String.prototype as { isWellFormed?(this: string): boolean }).isWellFormed;

/** True when `text` holds no lone surrogate, so that it has a UTF-8 form. */
export function isWellFormed(text: string): boolean {
  return isWellFormedNative === undefined ? !/\p{Surrogate}/u.test(text) : isWellFormedNative.call(text);
}

/** `text` in UTF-8. A lone surrogate becomes U+FFFD: check with isWellFormed first. */
export function encodeUtf8(text: string): Uint8Array {
  return buffer === undefined ? encoder.encode(text) : buffer.from(text, "utf8");
}

/**
 * `bytes` read as UTF-8, strictly (RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF).
 * @throws FluxError EPROTO `unable to decode byte 0x..`, naming the byte that starts the bad sequence
 */
export function decodeUtf8(bytes: Uint8Array): string {
  const text = utf8Slice === undefined ? decoder.decode(bytes) : utf8Slice.call(bytes, 0, bytes.byteLength);
  // A decoder puts U+FFFD where bytes are bad; one that was sent as such is no error.
  if (text.includes("\ufffd")) {
    const bad = invalidUtf8At(bytes);
    if (bad !== -1) {
      throw new FluxError("EPROTO", `unable to decode byte 0x${bytes[bad]?.toString(16)}`);
    }
  }
  return text;
}

/** Index of the first byte of the first sequence that is not UTF-8, or -1. */
export function invalidUtf8At(bytes: Uint8Array): number {
  for (let index = 0; index < bytes.length; ) {
    const length = sequenceLength(bytes, index);
    if (length === 0) return index;
    index += length;
  }
  return -1;
}

/** Bytes of the sequence at `index`, or 0 when it is bad (RFC 3629 section 4). */
function sequenceLength(bytes: Uint8Array, index: number): number {
  const first = bytes[index] as number;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (index + length > bytes.length) return 0;
  const second = bytes[index + 1] as number;
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let next = index + 2; next < index + length; next++) {
    if (((bytes[next] as number) & 0xc0) !== 0x80) return 0;
  }
  return length;
}

/** How many bytes `text` takes in UTF-8. */
export function utf8Length(text: string): number {
  return buffer === undefined ? encoder.encode(text).length : buffer.byteLength(text);
}
