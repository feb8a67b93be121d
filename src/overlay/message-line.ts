import type { Frames } from "./transport.ts";

/** A message that waits, and whom it is for. */
export interface Waiting {
  readonly peer: string;
  /** As the socket takes them. */
  readonly frames: Frames;
  readonly bytes: number;
}

/** Slots of the array that may be empty before it is cut. */
const SLACK = 1024;

/** Messages that wait in order, bounded by their bytes: one alone may be larger than the bound. */
export class MessageLine {
  readonly #maxBytes: number;
  #items: Waiting[] = [];
  #start = 0;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get length(): number {
    return this.#items.length - this.#start;
  }

  /** The one that waits longest; undefined when there is none. */
  get first(): Waiting | undefined {
    return this.#items[this.#start];
  }

  /** Adds one at the end; false, and it is not added, when there is no room for it. */
  push(item: Waiting): boolean {
    if (this.#bytes > 0 && this.#bytes + item.bytes > this.#maxBytes) return false;
    this.#items.push(item);
    this.#bytes += item.bytes;
    return true;
  }

  /** Takes away and returns the one that waits longest. */
  shift(): Waiting | undefined {
    const item = this.#items[this.#start];
    if (item === undefined) return undefined;
    this.#bytes -= item.bytes;
    this.#start++;
    if (this.#start === this.#items.length) {
      this.#items = [];
      this.#start = 0;
    } else if (this.#start > SLACK && this.#start * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#start);
      this.#start = 0;
    }
    return item;
  }
}

/** What holding a message takes besides its frames, in bytes. */
const HOLDING_BYTES = 64;

/** Bytes that a message counts as in a line: those of its frames, and what holding it takes besides. */
export function sizeOf(frames: Frames): number {
  return HOLDING_BYTES + frameBytes(frames);
}

/** Bytes of the frames of a message. */
export function frameBytes(frames: Frames): number {
  let bytes = 0;
  for (const frame of frames) bytes += frame.length;
  return bytes;
}

/** Bytes of the frames of a message that was counted by `sizeOf`. */
export function bytesOf({ bytes }: Waiting): number {
  return bytes - HOLDING_BYTES;
}
