import { allocate } from "../base/index.ts";
import type { FrameBytes, Message } from "../message/index.ts";
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
    return this;
  }

  /** True when a frame of `size` bytes has room behind the others. */
  fits(size: number): boolean {
    return this.used + RECORD_HEAD_BYTES + size <= this.bytes.length;
  }

  /** Adds an event whose frame takes `size` bytes. */
  append(event: Message, size: number, time: number, salt: number): void {
    const offset = this.used;
    const seq = event.aux1;
    writeRecord(this, offset, { event, size, time, salt });
    const mark = this.marks.at(-1);
    if (mark === undefined || offset - mark.offset >= INDEX_BYTES) this.marks.push({ seq, time, offset });
    if (this.count++ === 0) {
      this.first = seq;
      this.firstTime = time;
    }
    this.last = seq;
    this.lastTime = time;
    this.used = offset + RECORD_HEAD_BYTES + size;
  }
}
