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
  for (; at + 8 <= end; at += 8) {
    const low = sum ^ words.getInt32(at, true);
    const high = words.getInt32(at + 4, true);
    sum =
      TABLES[0x700 + (low & 0xff)]! ^
      TABLES[0x600 + ((low >>> 8) & 0xff)]! ^
      TABLES[0x500 + ((low >>> 16) & 0xff)]! ^
      TABLES[0x400 + (low >>> 24)]! ^
      TABLES[0x300 + (high & 0xff)]! ^
      TABLES[0x200 + ((high >>> 8) & 0xff)]! ^
      TABLES[0x100 + ((high >>> 16) & 0xff)]! ^
      TABLES[high >>> 24]!;
  }
  for (; at < end; at++) sum = (sum >>> 8) ^ TABLES[(sum ^ bytes[at]!) & 0xff]!;
  return ~sum >>> 0;
}
