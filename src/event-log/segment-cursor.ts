import type { FileHandle } from "node:fs/promises";
import { allocate, EMPTY } from "../base/index.ts";
import { FRAME_MAGIC, type FrameBytes, PREAMBLE_BYTES } from "../message/index.ts";
import { frameSeq, LEAST_FRAME_BYTES } from "./event-frame.ts";
import { RECORD_HEAD_BYTES, recordSum } from "./segment-format.ts";

const PIECE_BYTES = 256 * 1024;
const MAGIC_BYTES = Uint8Array.of(FRAME_MAGIC >>> 24, FRAME_MAGIC >>> 16, FRAME_MAGIC >>> 8, FRAME_MAGIC);

/** What a step came to: a whole record; the end; more of the file is to be loaded; what stands here is no record. */
export type Step = "record" | "end" | "load" | "damaged";

/** Walks over the records of a segment, a piece of the file at a time. Each piece has memory of its own: what points into it stays valid. */
export class SegmentCursor implements FrameBytes {
  bytes: Uint8Array = EMPTY;
  words: DataView = new DataView(EMPTY.buffer);
  /** The frame of the record a step came to is `[frameStart, frameEnd)` of `bytes`. */
  frameStart = 0;
  frameEnd = 0;
  readonly #handle: FileHandle;
  readonly #salt: number;
  #end: number;
  /** Offset in the file of the first byte of the piece. */
  #base: number;
  /** Where in the piece the next record starts. */
  #at = 0;
  /** Bytes that the record which a step could not see whole needs. */
  #needed = 0;

  /** @param options.end - offset where the records end */
  constructor(
    handle: FileHandle,
    options: { readonly offset: number; readonly end: number; readonly salt: number },
  ) {
    this.#handle = handle;
    this.#salt = options.salt;
    this.#base = options.offset;
    this.#end = options.end;
  }

  /** Offset in the file where the next record starts, or what is damaged. */
  get offset(): number {
    return this.#base + this.#at;
  }

  /** Offset in the file where the record starts that the latest step came to. */
  get recordOffset(): number {
    return this.#base + this.frameStart - RECORD_HEAD_BYTES;
  }

  /** When the event of the record came. */
  get time(): number {
    return this.words.getFloat64(this.frameStart - 8);
  }

  /** The number of the event of the record. */
  get seq(): number {
    return frameSeq(this, this.frameEnd);
  }

  /** Goes to the next record. */
  step(): Step {
    const at = this.#at;
    const left = this.bytes.length - at;
    const leftInFile = this.#end - this.offset;
    if (leftInFile <= 0) return "end";
    if (leftInFile < RECORD_HEAD_BYTES + LEAST_FRAME_BYTES) return "damaged";
    if (left < RECORD_HEAD_BYTES + PREAMBLE_BYTES) return "load";
    const { words } = this;
    const size = words.getUint32(at);
    const frame = at + RECORD_HEAD_BYTES;
    if (size < LEAST_FRAME_BYTES || size > leftInFile - RECORD_HEAD_BYTES) return "damaged";
    if (words.getUint32(frame) !== FRAME_MAGIC || words.getUint32(frame + 4) !== size - PREAMBLE_BYTES)
      return "damaged";
    if (left < RECORD_HEAD_BYTES + size) {
      this.#needed = RECORD_HEAD_BYTES + size;
      return "load";
    }
    if (words.getUint32(at + 4) !== recordSum(this, at, size, this.#salt)) return "damaged";
    this.frameStart = frame;
    this.frameEnd = frame + size;
    this.#at = this.frameEnd;
    return "record";
  }

  /** Loads the piece of the file that starts with the next record. */
  async load(): Promise<void> {
    const { offset } = this;
    const size = Math.min(Math.max(PIECE_BYTES, this.#needed), this.#end - offset);
    this.#needed = 0;
    this.bytes = await readExactly(this.#handle, offset, size);
    this.words = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
    this.#base = offset;
    this.#at = 0;
    // Somebody cut the file.
    if (this.bytes.length < size) this.#end = offset + this.bytes.length;
  }

  /** Goes on behind damaged bytes, to the next record that is whole: then a step comes to it. False when there is none. */
  async skip(): Promise<boolean> {
    this.#at++;
    for (;;) {
      const start = this.#nextMagic();
      if (start === undefined) {
        // What may be the beginning of a record is looked at again with the next piece.
        this.#at = Math.max(this.#at, this.bytes.length - RECORD_HEAD_BYTES - MAGIC_BYTES.length + 1);
        if (this.#base + this.bytes.length >= this.#end) return false;
        await this.load();
        continue;
      }
      this.#at = start;
      let step = this.step();
      if (step === "load") {
        await this.load();
        step = this.step();
      }
      if (step === "record") {
        this.#at = this.frameStart - RECORD_HEAD_BYTES;
        return true;
      }
      this.#at++;
    }
  }

  /** Where in the piece, from here on, a record might start: the magic of its frame stands there. */
  #nextMagic(): number | undefined {
    const { buffer, byteOffset, length } = this.bytes;
    const found = Buffer.from(buffer, byteOffset, length).indexOf(MAGIC_BYTES, this.#at + RECORD_HEAD_BYTES);
    return found < 0 ? undefined : found - RECORD_HEAD_BYTES;
  }
}

/** `size` bytes of a file from `offset` on, or fewer where it ends. */
export async function readExactly(handle: FileHandle, offset: number, size: number): Promise<Uint8Array> {
  const bytes = allocate(size);
  let filled = 0;
  while (filled < size) {
    const { bytesRead } = await handle.read(bytes, filled, size - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled === size ? bytes : bytes.subarray(0, filled);
}
