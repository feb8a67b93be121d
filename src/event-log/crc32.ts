import { crc32 as nativeCrc32 } from "node:zlib";
import type { FrameBytes } from "../message/index.ts";

/** From so many bytes on the way into native code, which takes as long as some hundred bytes here, is worth it. */
const NATIVE_BYTES = 512;

/** Table `k` at `256 * k`: what a byte becomes that `k` others follow. */
const TABLES = makeTables();

function makeTables(): Int32Array {
  const tables = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let word = byte;
    for (let bit = 0; bit < 8; bit++) word = (word & 1) === 0 ? word >>> 1 : (word >>> 1) ^ 0xedb88320;
    tables[byte] = word;
  }
  for (let at = 256; at < tables.length; at++) {
    const word = tables[at - 256]!;
    tables[at] = (word >>> 8) ^ tables[word & 0xff]!;
  }
  return tables;
}

/** The CRC-32 of IEEE 802.3, as zlib has it, of `bytes[start, end)` behind what has the sum `seed`. Eight bytes a step. */
export function crc32({ bytes, words }: FrameBytes, start: number, end: number, seed = 0): number {
  if (end - start >= NATIVE_BYTES) return nativeCrc32(bytes.subarray(start, end), seed);
  let sum = ~seed;
  let at = start;
  for (; at + 8 <= end; at += 8) sum = step(sum ^ words.getInt32(at, true), words.getInt32(at + 4, true));
  for (; at < end; at++) sum = stepByte(sum, bytes[at]!);
  return ~sum >>> 0;
}

/** Copies `from[start, end)` to `to` at `into`, and returns its sum as `crc32` does: for a short span the copy then costs next to nothing. */
export function copyWithCrc32(
  from: FrameBytes,
  start: number,
  end: number,
  to: FrameBytes,
  into: number,
  seed: number,
): number {
  if (end - start >= NATIVE_BYTES) {
    const part = from.bytes.subarray(start, end);
    to.bytes.set(part, into);
    return nativeCrc32(part, seed);
  }
  const { bytes: source, words } = from;
  const { bytes: copy, words: copied } = to;
  const ahead = into - start;
  let sum = ~seed;
  let at = start;
  for (; at + 8 <= end; at += 8) {
    const low = words.getInt32(at, true);
    const high = words.getInt32(at + 4, true);
    copied.setInt32(at + ahead, low, true);
    copied.setInt32(at + ahead + 4, high, true);
    sum = step(sum ^ low, high);
  }
  for (; at < end; at++) {
    const byte = source[at]!;
    copy[at + ahead] = byte;
    sum = stepByte(sum, byte);
  }
  return ~sum >>> 0;
}

/** The sum behind eight bytes: two words as a little-endian host has them, the first of them mixed with the sum before. */
function step(low: number, high: number): number {
  return (
    TABLES[0x700 + (low & 0xff)]! ^
    TABLES[0x600 + ((low >>> 8) & 0xff)]! ^
    TABLES[0x500 + ((low >>> 16) & 0xff)]! ^
    TABLES[0x400 + (low >>> 24)]! ^
    TABLES[0x300 + (high & 0xff)]! ^
    TABLES[0x200 + ((high >>> 8) & 0xff)]! ^
    TABLES[0x100 + ((high >>> 16) & 0xff)]! ^
    TABLES[high >>> 24]!
  );
}

function stepByte(sum: number, byte: number): number {
  return (sum >>> 8) ^ TABLES[(sum ^ byte) & 0xff]!;
}
