import {
  allocate,
  concatBytes,
  FluxError,
  giveChunk,
  plainView,
  SHARE_BYTES,
  takeChunk,
  wholeChunk,
} from "../base/index.ts";
import { decodeMessage } from "./decode.ts";
import { readWord } from "./header.ts";
import { FRAME_MAGIC, type Message, PREAMBLE_BYTES } from "./message.ts";
import type { FrameBytes } from "./response-frame.ts";
import { type Oversize, oversizeError, Skim } from "./skim.ts";

/** Default ceiling of a frame, 128 MiB. */
export const MAX_FRAME_BYTES = 128 * 1024 * 1024;

function frameBytes(bytes: Uint8Array): FrameBytes {
  return { bytes, words: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
}

/** Room for the first piece of a broken frame: a frame up to this size is gathered in one allocation. */
const FIRST_ROOM = 128 * 1024;

/**
 * Cuts a byte stream into messages, however it arrives.
 *
 * Memory follows what has arrived, never what a peer announces: a broken frame is gathered in memory
 * at most four times its arrived part. A frame over `maxFrameBytes` is refused at its eighth byte, or
 * skimmed when `oversized` is set. After an error the stream is lost: the framer throws the same error
 * at each further chunk.
 */
export class Framer {
  readonly #maxFrameBytes: number;
  /** An unfinished frame: its first `#held` bytes, of the `#needed` before it can be looked at again. */
  #broken: Uint8Array | undefined;
  #held = 0;
  #needed = PREAMBLE_BYTES;
  #failure: FluxError | undefined;
  /** The frame over the limit that is arriving. */
  #skim: Skim | undefined;
  /**
   * Takes the message of a frame over the limit, without its payload, once all of the frame has come.
   * Set, such a frame costs at most 8 KiB of memory and the stream goes on, unless routes and topic
   * take more than that or are malformed.
   */
  oversized: ((message: Message, size: Oversize) => void) | undefined;

  constructor(options: { readonly maxFrameBytes?: number | undefined } = {}) {
    this.#maxFrameBytes = options.maxFrameBytes ?? MAX_FRAME_BYTES;
  }

  /** Bytes held of a frame that is not complete yet. */
  get pendingBytes(): number {
    return this.#held + (this.#skim?.keptBytes ?? 0);
  }

  /** Bytes of memory taken for the frame that is not complete yet. */
  get gatheredBytes(): number {
    return this.#broken?.length ?? 0;
  }

  /**
   * Takes the next bytes of the stream and gives each message they complete to `emit`. They must never change from now on; if they are `lent` they may once this
   * returns, for messages are emitted from a copy. `take` is asked first for each frame that came in one piece, with where its parts start and end: if it returns
   * true the frame is done with, unread, and its bytes, preamble included, were `take`'s to change. With `take`, large frames are gathered in chunks that may be
   * given back.
   * @throws FluxError EPROTO for a wrong magic or a length of 0, EMSGSIZE for one over the ceiling that is not skimmed, and those of `decodeMessage`;
   *   the messages before it have been emitted.
   */
  push(
    piece: Uint8Array,
    emit: (message: Message) => void,
    take?: (frames: FrameBytes, start: number, end: number) => boolean,
    lent = false,
  ): void {
    if (this.#failure !== undefined) throw this.#failure;
    let chunk = plainView(piece);
    let at = this.#skim === undefined ? 0 : this.#skimOn(this.#skim, chunk, 0);
    while (this.#held > 0) {
      at = this.#gather(chunk, at, take !== undefined);
      if (this.#held < this.#needed) return;
      const frame = this.#broken!;
      if (this.#needed === PREAMBLE_BYTES) {
        const length = this.#length(frame, 0);
        if (length > this.#maxFrameBytes) {
          this.#broken = undefined;
          this.#held = 0;
          at = this.#skimOn(new Skim(length), chunk, at);
          break;
        }
        this.#needed += length;
        continue;
      }
      const end = this.#needed;
      this.#broken = undefined;
      this.#held = 0;
      this.#needed = PREAMBLE_BYTES;
      const message = this.#decode(frame, PREAMBLE_BYTES, end);
      message.alone = take !== undefined && frame.length >= SHARE_BYTES;
      emit(message);
    }
    let frames = take === undefined ? undefined : frameBytes(chunk);
    let mustCopy = lent;
    while (chunk.length - at >= PREAMBLE_BYTES) {
      const length = this.#length(chunk, at);
      let start = at + PREAMBLE_BYTES;
      if (length > this.#maxFrameBytes) {
        at = this.#skimOn(new Skim(length), chunk, start);
        continue;
      }
      let next = start + length;
      if (next > chunk.length) {
        this.#needed = next - at;
        break;
      }
      if (frames === undefined || !take!(frames, start, next)) {
        if (mustCopy) {
          // All the rest at once: one frame that is not taken seldom comes alone.
          chunk = concatBytes([chunk.subarray(at)]);
          if (frames !== undefined) frames = frameBytes(chunk);
          mustCopy = false;
          next -= at;
          start = PREAMBLE_BYTES;
        }
        emit(this.#decode(chunk, start, next));
      }
      at = next;
    }
    if (at < chunk.length) this.#gather(chunk, at, take !== undefined);
  }

  /** Copies to the broken frame what it needs and `chunk` has from `at` on; returns the offset behind. `goesRound`: its memory may be given back. */
  #gather(chunk: Uint8Array, at: number, goesRound: boolean): number {
    const count = Math.min(this.#needed - this.#held, chunk.length - at);
    const held = this.#held + count;
    if (this.#broken === undefined || this.#broken.length < held) {
      const room = Math.min(Math.max(this.#needed, PREAMBLE_BYTES), Math.max(4 * held, FIRST_ROOM));
      const roomier = goesRound && room >= SHARE_BYTES ? takeChunk(room).bytes : allocate(room);
      if (this.#broken !== undefined) roomier.set(this.#broken.subarray(0, this.#held));
      if (goesRound && this.#broken !== undefined && this.#broken.length >= SHARE_BYTES)
        giveChunk(wholeChunk(this.#broken));
      this.#broken = roomier;
    }
    this.#broken.set(chunk.subarray(at, at + count), this.#held);
    this.#held = held;
    return at + count;
  }

  /** Goes on with a frame over the limit; returns the offset in `chunk` after what it took. */
  #skimOn(skim: Skim, chunk: Uint8Array, at: number): number {
    const end = skim.take(chunk, at);
    this.#skim = skim.done ? undefined : skim;
    if (!skim.done) return end;
    const size = { bytes: skim.bytes, limit: this.#maxFrameBytes };
    let message: Message;
    try {
      message = skim.message();
    } catch {
      return this.#fail(oversizeError({ type: 0 }, size));
    }
    this.oversized?.(message, size);
    return end;
  }

  /** The length of the frame at `at`; one over the limit only when it is to be skimmed. */
  #length(bytes: Uint8Array, at: number): number {
    if (readWord(bytes, at) !== FRAME_MAGIC)
      this.#fail(new FluxError("EPROTO", "frame does not start with the Flux magic"));
    const length = readWord(bytes, at + 4);
    if (length === 0) this.#fail(new FluxError("EPROTO", "frame of no bytes"));
    if (length > this.#maxFrameBytes && this.oversized === undefined)
      this.#fail(oversizeError({ type: 0 }, { bytes: length, limit: this.#maxFrameBytes }));
    return length;
  }

  #decode(bytes: Uint8Array, start: number, end: number): Message {
    try {
      return decodeMessage(bytes, start, end);
    } catch (error) {
      return this.#fail(FluxError.from(error));
    }
  }

  #fail(error: FluxError): never {
    this.#failure = error;
    throw error;
  }
}
