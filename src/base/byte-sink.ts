import { EMPTY } from "./bytes.ts";
import { type Chunk, giveChunk, NO_CHUNK, takeChunk, wholeChunk } from "./spare-chunks.ts";

/** Spans at least this long are passed on by reference; a shorter one is cheaper to copy. */
export const SHARE_BYTES = 16 * 1024;

const FIRST_CHUNK = 512;
const LARGEST_CHUNK = 64 * 1024;
const NOTHING: readonly Chunk[] = [];

/**
 * Where encoders write: a list of chunks that grows as they need room, taken away whole by whoever sends them.
 *
 * Owner: one writer, in one tick after another. What was taken is not written again; what was lent is, by any sink, once it is released. The size of the latest
 * takes is the guess for the next.
 */
export class ByteSink {
  /** The chunk being filled, and its words; valid together with the offset that `reserve` returned, until the next call. */
  bytes: Uint8Array = EMPTY;
  words: DataView = NO_CHUNK.words;
  /** Memory of what was written since the last take that may be used again, and of what was lent last. */
  #own: Chunk[] = [];
  #lent: readonly Chunk[] = NOTHING;
  /** What is written to the chunk and not in `#full` yet: from here to `#used`. */
  #start = 0;
  #used = 0;
  #full: Uint8Array[] = [];
  #fullBytes = 0;
  #guess = FIRST_CHUNK;

  /** Bytes written since the last take. */
  get length(): number {
    return this.#fullBytes + this.#used - this.#start;
  }

  /** Makes room for `size` contiguous bytes in `this.bytes` and returns the offset where they start. */
  reserve(size: number): number {
    const at = this.#used;
    if (at + size > this.bytes.length) return this.#grow(size);
    this.#used = at + size;
    return at;
  }

  /**
   * Adds `bytes` without copying: they must never change from now on. If they are `given`, nobody else holds any of their memory, and behind `release`
   * others may have it.
   */
  share(bytes: Uint8Array, given = false): void {
    this.#seal();
    this.#full.push(bytes);
    this.#fullBytes += bytes.length;
    if (given) this.#own.push(wholeChunk(bytes));
  }

  /** All that was written, in order; the sink is empty afterwards, and holds no memory. Who has it may keep it. */
  take(): Uint8Array[] {
    const chunks = this.lend();
    this.#lent = NOTHING;
    return chunks;
  }

  /** As `take`, for one who may say `release` when it is done with it. */
  lend(): Uint8Array[] {
    const length = this.length;
    this.#seal();
    const chunks = this.#full;
    this.#full = [];
    this.#fullBytes = 0;
    this.#lent = NOTHING;
    if (this.#own.length > 0) {
      this.#lent = this.#own;
      this.#own = [];
    }
    this.#fill(NO_CHUNK);
    // Up at once, down by halves: after a burst come small takes, and then the next burst.
    let guess = Math.max(FIRST_CHUNK, this.#guess / 2);
    while (guess < length && guess < LARGEST_CHUNK) guess *= 2;
    this.#guess = guess;
    return chunks;
  }

  /** Nobody holds what was lent last, or any time before: its memory may be used again. */
  release(): void {
    for (const chunk of this.#lent) giveChunk(chunk);
    this.#lent = NOTHING;
  }

  #fill({ bytes, words }: Chunk): void {
    this.bytes = bytes;
    this.words = words;
    this.#start = 0;
    this.#used = 0;
  }

  #seal(): void {
    if (this.#used === this.#start) return;
    this.#full.push(this.bytes.subarray(this.#start, this.#used));
    this.#fullBytes += this.#used - this.#start;
    this.#start = this.#used;
  }

  #grow(size: number): number {
    this.#seal();
    let wanted = this.#guess;
    while (wanted < size && wanted < LARGEST_CHUNK) wanted *= 2;
    const chunk = takeChunk(Math.max(size, wanted));
    if (this.#guess < LARGEST_CHUNK) this.#guess *= 2;
    this.#own.push(chunk);
    this.#fill(chunk);
    this.#used = size;
    return 0;
  }
}
