import { allocate, EMPTY } from "./bytes.ts";

/** Spans at least this long are passed on by reference; a shorter one is cheaper to copy. */
export const SHARE_BYTES = 16 * 1024;

const FIRST_CHUNK = 512;
const LARGEST_CHUNK = 64 * 1024;

/**
 * Where encoders write: a list of chunks that grows as they need room, taken away whole by whoever sends them.
 *
 * Owner: one writer, in one tick after another. A chunk is never written again once it is taken, so a socket may keep it.
 * Between takes an idle sink holds no memory; the size of the latest takes is the guess for the next.
 */
export class ByteSink {
  /** The chunk being filled; valid together with the offset that `reserve` returned, until the next call. */
  bytes: Uint8Array = EMPTY;
  #used = 0;
  #full: Uint8Array[] = [];
  #fullBytes = 0;
  #guess = FIRST_CHUNK;

  /** Bytes written since the last take. */
  get length(): number {
    return this.#fullBytes + this.#used;
  }

  /** Makes room for `size` contiguous bytes in `this.bytes` and returns the offset where they start. */
  reserve(size: number): number {
    const at = this.#used;
    if (at + size > this.bytes.length) return this.#grow(size);
    this.#used = at + size;
    return at;
  }

  /** Adds `bytes` without copying: they must never change from now on. */
  share(bytes: Uint8Array): void {
    this.#seal();
    this.#full.push(bytes);
    this.#fullBytes += bytes.length;
  }

  /** All that was written, in order; the sink is empty afterwards. */
  take(): Uint8Array[] {
    const length = this.length;
    this.#seal();
    const chunks = this.#full;
    this.#full = [];
    this.#fullBytes = 0;
    this.bytes = EMPTY;
    // Up at once, down by halves: after a burst come small takes, and then the next burst.
    let guess = Math.max(FIRST_CHUNK, this.#guess / 2);
    while (guess < length && guess < LARGEST_CHUNK) guess *= 2;
    this.#guess = guess;
    return chunks;
  }

  #seal(): void {
    if (this.#used === 0) return;
    this.#full.push(this.bytes.subarray(0, this.#used));
    this.#fullBytes += this.#used;
    this.bytes = this.bytes.subarray(this.#used);
    this.#used = 0;
  }

  #grow(size: number): number {
    this.#seal();
    const wanted = Math.max(size, this.#guess);
    if (this.#guess < LARGEST_CHUNK) this.#guess *= 2;
    this.bytes = allocate(wanted);
    this.#used = size;
    return 0;
  }
}
