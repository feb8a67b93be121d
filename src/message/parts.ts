import { readWord, writeWord } from "./header.ts";

/**
 * A part is its length, then its bytes. Below 255 the length is one byte; from 255 on it is 0xff and a
 * 32-bit big-endian word. Readers take the long form for short lengths too.
 */
const LONG = 0xff;

/** Bytes that a part of `length` bytes takes, its length included. */
export function partBytes(length: number): number {
  return length < LONG ? length + 1 : length + 5;
}

/** Writes the length of a part at `at` and returns the offset after it. */
export function writePartLength(bytes: Uint8Array, at: number, length: number): number {
  if (length < LONG) {
    bytes[at] = length;
    return at + 1;
  }
  bytes[at] = LONG;
  writeWord(bytes, at + 1, length);
  return at + 5;
}

/** Offset of the content of the part at `at`; past `end` when its length is cut off. */
export function partContent(bytes: Uint8Array, at: number): number {
  return bytes[at] === LONG ? at + 5 : at + 1;
}

/** Length of the part at `at` whose content starts at `content`. */
export function partLength(bytes: Uint8Array, at: number, content: number): number {
  return content === at + 1 ? bytes[at]! : readWord(bytes, at + 1);
}
