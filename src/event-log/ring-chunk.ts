import { allocate, plainView } from "../base/index.ts";
import { type FrameBytes, type Message, MessageFlag } from "../message/index.ts";
import { frameSeq, writeEventFrame } from "./event-frame.ts";

const FIRST_ENTRIES = 256;

/** Memory of the ring: frames of one epoch one behind the other, and where each starts and when it came. */
export class RingChunk implements FrameBytes {
  epoch = 0;
  readonly bytes: Uint8Array;
  readonly words: DataView;
  /** Where each frame starts, and behind the last of them where it ends. */
  offsets = new Uint32Array(FIRST_ENTRIES + 1);
  times = new Float64Array(FIRST_ENTRIES);
  /** Index of the first frame that is still kept. */
  head = 0;
  /** Frames written, those before `head` included. */
  count = 0;
  /** How many of them are private. */
  privates = 0;

  constructor(size: number) {
    this.bytes = plainView(allocate(size));
    this.words = new DataView(this.bytes.buffer, this.bytes.byteOffset, size);
  }

  /** Empties it, for events of `epoch`. */
  begin(epoch: number): this {
    this.epoch = epoch;
    this.head = 0;
    this.count = 0;
    this.privates = 0;
    return this;
  }

  /** Offset behind the last frame. */
  get end(): number {
    return this.offsets[this.count]!;
  }

  /** True when a frame of `size` bytes has room behind the others. */
  fits(size: number): boolean {
    return this.end + size <= this.bytes.length;
  }

  /** Adds an event whose frame takes `size` bytes. */
  append(event: Message, size: number, time: number): void {
    if (this.count === this.times.length) this.#grow();
    const at = this.offsets[this.count]!;
    writeEventFrame(this, at, size, event);
    this.times[this.count++] = time;
    this.offsets[this.count] = at + size;
    if ((event.flags & MessageFlag.PRIVATE) !== 0) this.privates++;
  }

  #grow(): void {
    const { offsets, times } = this;
    this.offsets = new Uint32Array(2 * times.length + 1);
    this.offsets.set(offsets);
    this.times = new Float64Array(2 * times.length);
    this.times.set(times);
  }

  /** The number of event `index`. */
  seqAt(index: number): number {
    return frameSeq(this, this.offsets[index + 1]!);
  }

  /** The number of the last event; there is one. */
  get lastSeq(): number {
    return this.seqAt(this.count - 1);
  }

  /** Index of the first kept event whose number is above `seq`; `count` when there is none. */
  indexAfter(seq: number): number {
    return this.#search((index) => this.seqAt(index) > seq, this.head);
  }

  /** Index of the first event from `from` on that does not end within `bytes` of where `from` starts; `count` when all do. */
  indexBeyond(from: number, bytes: number): number {
    const limit = this.offsets[from]! + bytes;
    return this.#search((index) => this.offsets[index + 1]! > limit, from);
  }

  /** Index of the first kept event that came at `time` or later; `count` when there is none. */
  indexSince(time: number): number {
    return this.#search((index) => this.times[index]! >= time, this.head);
  }

  #search(holds: (index: number) => boolean, from: number): number {
    return firstIndex(from, this.count, holds);
  }
}

/** The first index of `[from, end)` for which `holds`, which then holds for all behind it; `end` when there is none. */
export function firstIndex(from: number, end: number, holds: (index: number) => boolean): number {
  let low = from;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
