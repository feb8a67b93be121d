import { encodeUtf8 } from "../base/index.ts";

/**
 * A record of at most `maxBytes`: the bytes up to a NUL, as they are or, when they are more, cut between two characters with a
 * mark behind them that tells how many they were. `maxBytes` is 64 at least.
 */
export function cutRecord(bytes: Uint8Array, maxBytes: number): Uint8Array {
  // No search of more than what is kept.
  const nul = bytes.subarray(0, maxBytes + 1).indexOf(0);
  if (nul >= 0) return bytes.subarray(0, nul);
  if (bytes.length <= maxBytes) return bytes;
  const mark = encodeUtf8(`… [cut: ${bytes.length} bytes]`);
  const end = characterEnd(bytes, maxBytes - mark.length);
  const record = new Uint8Array(end + mark.length);
  record.set(bytes.subarray(0, end));
  record.set(mark, end);
  return record;
}

/** The last place at or before `end` that is not inside a character of UTF-8. */
function characterEnd(bytes: Uint8Array, end: number): number {
  for (let at = end; at > end - 4 && at > 0; at--) if ((bytes[at]! & 0xc0) !== 0x80) return at;
  return end;
}
