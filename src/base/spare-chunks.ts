import { allocate, EMPTY } from "./bytes.ts";

/** Memory to write to, as bytes and as 32-bit words at any offset: writing a word so takes a quarter of writing its bytes. */
export interface Chunk {
  readonly bytes: Uint8Array;
  readonly words: DataView;
}

export const NO_CHUNK: Chunk = { bytes: EMPTY, words: new DataView(EMPTY.buffer) };

/**
 * Chunks that no one holds any more, for the next who wants one of that size: fresh memory costs more than what is written to it, and what was given up has
 * to be collected.
 */
const spares: Chunk[] = [];
let spareBytes = 0;
/** A queue of some dozen large messages. */
export const MOST_SPARES = 64;
export const MOST_BYTES = 4 * 1024 * 1024;
/** Outside of these a chunk is not worth keeping, or too much to keep. */
const LEAST_SPARE = 4 * 1024;
const LARGEST_SPARE = 256 * 1024;
/** Sizes up to here are powers of two; above there are eight between two powers, so that a chunk is an eighth too large at most. */
const LARGEST_POWER = 16 * 1024;

/** `size`, or a little more: so that the same sizes are wanted again. */
function spareSize(size: number): number {
  if (size < LEAST_SPARE || size > LARGEST_SPARE) return size;
  let spare = LEAST_SPARE;
  while (spare < size) spare *= 2;
  if (spare <= LARGEST_POWER) return spare;
  const step = spare / 16;
  return Math.ceil(size / step) * step;
}

/** A chunk of at least `size` bytes, whose content is undefined. Throws ENOMEM as `allocate` does. */
export function takeChunk(size: number): Chunk {
  const length = spareSize(size);
  if (length >= LEAST_SPARE) {
    const index = spares.findLastIndex(({ bytes }) => bytes.length === length);
    if (index >= 0) {
      spareBytes -= length;
      return spares.splice(index, 1)[0]!;
    }
  }
  return chunkOf(allocate(length));
}

/** Nobody holds `chunk` any more, as a whole: others may write to it from now on. */
export function giveChunk(chunk: Chunk): void {
  const { length } = chunk.bytes;
  if (length < LEAST_SPARE || length > LARGEST_SPARE) return;
  spares.push(chunk);
  spareBytes += length;
  // The oldest go: of their sizes none has been wanted for long.
  while (spares.length > MOST_SPARES || spareBytes > MOST_BYTES) spareBytes -= spares.shift()!.bytes.length;
}

/** The whole memory in which `part` stands. */
export function wholeChunk({ buffer }: Uint8Array): Chunk {
  return chunkOf(new Uint8Array(buffer));
}

function chunkOf(bytes: Uint8Array): Chunk {
  return { bytes, words: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
}
