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
 * Memory follows what has arrived, never what a peer announces: a length over `maxFrameBytes` is refused at its eighth byte, and
 * a broken frame is gathered in memory at most four times its arrived part. After an error the stream is lost: the framer
 * throws the same error at each further chunk.
 */
export class Framer {
  readonly #maxFrameBytes: number;
  /** An unfinished frame: its first `#held` bytes, of the `#needed` before it can be looked at again. */
  #broken: Uint8Array | undefined;
  #held = 0;
  #needed = PREAMBLE_BYTES;
  #failure: FluxError | undefined;

  constructor(options: { readonly maxFrameBytes?: number | undefined } = {}) {
    this.#maxFrameBytes = options.maxFrameBytes ?? MAX_FRAME_BYTES;
  }

  /** Bytes held of a frame that is not complete yet. */
  get pendingBytes(): number {
    return this.#held;
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
   * @throws FluxError EPROTO for a wrong magic or a length of 0, EMSGSIZE for one over the ceiling, and those of `decodeMessage`;
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
    let at = 0;
    while (this.#held > 0) {
      at = this.#gather(chunk, at, take !== undefined);
      if (this.#held < this.#needed) return;
      const frame = this.#broken!;
      if (this.#needed === PREAMBLE_BYTES) {
        this.#needed += this.#length(frame, 0);
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
      let start = at + PREAMBLE_BYTES;
      let next = start + this.#length(chunk, at);
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

  #length(bytes: Uint8Array, at: number): number {
    if (readWord(bytes, at) !== FRAME_MAGIC)
      this.#fail(new FluxError("EPROTO", "frame does not start with the Flux magic"));
    const length = readWord(bytes, at + 4);
    if (length === 0) this.#fail(new FluxError("EPROTO", "frame of no bytes"));
    if (length > this.#maxFrameBytes) {
      this.#fail(
        new FluxError("EMSGSIZE", `frame of ${length} bytes is over the limit of ${this.#maxFrameBytes}`),
      );
    }
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
