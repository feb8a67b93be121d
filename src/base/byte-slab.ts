import { allocate, EMPTY } from "./bytes.ts";

const SLAB_BYTES = 8192;

/** Bytes that stand in memory which holds others too: `bytes[start, end)`. */
export interface ByteSpan {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/**
 * Memory for many short spans, one behind the other. A view of its own for each of them would cost several times what is written to it. What is
 * written once is not written over: whoever holds a span holds the memory of its neighbours too, 8 KiB.
 */
export class ByteSlab {
  /** Valid together with the offset that `reserve` returned, until the next call. */
  bytes: Uint8Array = EMPTY;
  #used = 0;

  /** Makes room for `size` contiguous bytes in `this.bytes` and returns the offset where they start. */
  reserve(size: number): number {
    const at = this.#used;
    if (at + size > this.bytes.length) {
      this.bytes = allocate(Math.max(SLAB_BYTES, size));
      this.#used = size;
      return 0;
    }
    this.#used = at + size;
    return at;
  }
}
