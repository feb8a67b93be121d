import { allocate, EMPTY } from "./bytes.ts";

/** Spans at least this long are passed on by reference; a shorter one is cheaper to copy. */
export const SHARE_BYTES = 16 * 1024;

const FIRST_CHUNK = 512;
const LARGEST_CHUNK = 64 * 1024;

/** Memory to write to, as bytes and as 32-bit words at any offset: writing a word so takes a quarter of writing its bytes. */
interface Chunk {
  readonly bytes: Uint8Array;
  readonly words: DataView;
}

const NONE: Chunk = { bytes: EMPTY, words: new DataView(EMPTY.buffer) };

/** Chunks that no one holds any more, for the next sink that wants one of that size: fresh memory costs more than what is written to it. */
const spares: Chunk[] = [];
const MOST_SPARES = 4;
/** Below this a chunk is not worth keeping. */
const LEAST_SPARE = 4096;

/** `size`, or the next power of two where a spare would do: so that the same sizes are wanted again. */
function spareSize(size: number): number {
  if (size < LEAST_SPARE) return size;
  let spare = LEAST_SPARE;
  while (spare < size) spare *= 2;
  return spare;
}

function chunkOf(size: number): Chunk {
  if (size >= LEAST_SPARE) {
    const index = spares.findLastIndex(({ bytes }) => bytes.length === size);
    if (index >= 0) return spares.splice(index, 1)[0]!;
  }
  const bytes = allocate(size);
  return { bytes, words: new DataView(bytes.buffer, bytes.byteOffset, size) };
}

/**
 * Where encoders write: a list of chunks that grows as they need room, taken away whole by whoever sends them.
 *
 * Owner: one writer, in one tick after another. What was taken is not written again, so a socket may keep it, until whoever took it
 * says `release`. Between takes an idle sink holds no memory; the size of the latest takes is the guess for the next.
 */
export class ByteSink {
  /** The chunk being filled, and its words; valid together with the offset that `reserve` returned, until the next call. */
  bytes: Uint8Array = EMPTY;
  words: DataView = NONE.words;
  #chunk = NONE;
  /** The last chunk of the latest take. */
  #taken = NONE;
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
    this.#taken = this.#chunk;
    this.#fill(NONE);
    // Up at once, down by halves: after a burst come small takes, and then the next burst.
    let guess = Math.max(FIRST_CHUNK, this.#guess / 2);
    while (guess < length && guess < LARGEST_CHUNK) guess *= 2;
    this.#guess = guess;
    return chunks;
  }

  /** What the takes so far gave away is written and forgotten: the last chunk of it may be used again. */
  release(): void {
    const chunk = this.#taken;
    const size = chunk.bytes.length;
    this.#taken = NONE;
    if (size < LEAST_SPARE || size > LARGEST_CHUNK) return;
    // The oldest goes: of its size none has been wanted for long.
    if (spares.push(chunk) > MOST_SPARES) spares.shift();
  }

  #fill(chunk: Chunk): void {
    this.#chunk = chunk;
    this.bytes = chunk.bytes;
    this.words = chunk.words;
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
    const wanted = size > LARGEST_CHUNK ? size : spareSize(Math.max(size, this.#guess));
    if (this.#guess < LARGEST_CHUNK) this.#guess *= 2;
    this.#fill(chunkOf(wanted));
    this.#used = size;
    return 0;
  }
}
