import { decodeUtf8, EMPTY } from "./bytes.ts";

export const SLOTS = 1024;
export const LONGEST = 64;

interface Slot {
  readonly bytes: Uint8Array;
  readonly text: string;
}

const NONE: Slot = { bytes: EMPTY, text: "" };

/**
 * Texts by their bytes, for short texts that come again and again: topics. A hit costs a third of decoding, and gives the same
 * string each time, whose hash a Map then knows. One text a slot; a newcomer takes the place of the one before.
 */
export class TextCache {
  readonly #slots: (Slot | undefined)[] = new Array(SLOTS).fill(undefined);
  /** The slot of the latest text: most often the next one is the same. */
  #latest: Slot = NONE;

  /** The text of `bytes[start, end)`; what is not UTF-8 becomes U+FFFD. */
  decode(bytes: Uint8Array, start: number, end: number): string {
    const length = end - start;
    const latest = this.#latest;
    if (isSame(latest.bytes, bytes, start, length)) return latest.text;
    if (length > LONGEST) return decodeUtf8(bytes, start, end);
    let hash = length;
    for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + bytes[i]!) | 0;
    const index = (hash ^ (hash >>> 15)) & (SLOTS - 1);
    let slot = this.#slots[index];
    if (slot === undefined || !isSame(slot.bytes, bytes, start, length)) {
      const text = decodeUtf8(bytes, start, end);
      slot = { bytes: Uint8Array.prototype.slice.call(bytes, start, end), text };
      this.#slots[index] = slot;
    }
    this.#latest = slot;
    return slot.text;
  }
}

function isSame(known: Uint8Array, bytes: Uint8Array, start: number, length: number): boolean {
  if (known.length !== length) return false;
  for (let i = 0; i < length; i++) if (known[i] !== bytes[start + i]) return false;
  return true;
}
