import { allocate } from "../base/index.ts";
import type { FrameBytes, Message } from "../message/index.ts";
import type { EventSpan } from "./event-frame.ts";
import { INDEX_BYTES, type IndexEntry, RECORD_HEAD_BYTES, writeRecord } from "./segment-format.ts";

/** Records of one epoch that wait to be written at once. */
export class RecordChunk implements FrameBytes {
  readonly bytes: Uint8Array;
  readonly words: DataView;
  epoch = 0;
  used = 0;
  count = 0;
  first = 0;
  last = 0;
  firstTime = 0;
  lastTime = 0;
  /** Some of the records, offsets counted from the chunk's start. */
  marks: IndexEntry[] = [];
  /** Least offset of the next one. */
  #nextMark = 0;

  constructor(size: number) {
    this.bytes = allocate(size);
    this.words = new DataView(this.bytes.buffer, this.bytes.byteOffset, size);
  }

  /** Empties it, for events of `epoch`. */
  begin(epoch: number): this {
    this.epoch = epoch;
    this.used = 0;
    this.count = 0;
    this.marks = [];
    this.#nextMark = 0;
    return this;
  }

  /** True when a frame of `size` bytes has room behind the others. */
  fits(size: number): boolean {
    return this.used + RECORD_HEAD_BYTES + size <= this.bytes.length;
  }

  /** Adds an event whose frame takes `size` bytes, and may stand at `span`. */
  append(event: Message, size: number, span: EventSpan | undefined, time: number, salt: number): void {
    const offset = this.used;
    const seq = event.aux1;
    writeRecord(this, offset, { event, size, span, time, salt });
    if (offset >= this.#nextMark) {
      this.marks.push({ seq, time, offset });
      this.#nextMark = offset + INDEX_BYTES;
    }
    if (this.count++ === 0) {
      this.first = seq;
      this.firstTime = time;
    }
    this.last = seq;
    this.lastTime = time;
    this.used = offset + RECORD_HEAD_BYTES + size;
  }
}
