import { allocate, plainView, SHARE_BYTES } from "../base/index.ts";
import { type FrameBytes, type Message, MessageFlag } from "../message/index.ts";
import { frameSeq, writeEventFrame } from "./event-frame.ts";

const FIRST_ENTRIES = 256;

/** Memory in which a payload stands may be so many times as large. */
const MOST_MEMORY = 1.25;

/** True for an event with a large payload, in memory that holds little else. */
export function isHoldable({ body, bodyStart, bodyEnd }: Message): boolean {
  const length = bodyEnd - bodyStart;
  return length >= SHARE_BYTES && body.buffer.byteLength <= length * MOST_MEMORY;
}

/** Memory of the ring: frames of one epoch one behind the other, and where each starts and when it came. */
export class RingChunk implements FrameBytes {
  epoch = 0;
  /** The frames, once the chunk is open. */
  bytes: Uint8Array;
  words: DataView;
  /** Where each frame starts, and behind the last of them where it ends. */
  offsets: Uint32Array;
  times: Float64Array;
  /** Index of the first frame that is still kept. */
  head = 0;
  /** Frames written, those before `head` included. */
  count = 0;
  /** How many of them are private. */
  privates = 0;
  /** The one event of a chunk that is not open. */
  #held: Message | undefined;

  constructor(size: number, entries = FIRST_ENTRIES) {
    this.bytes = plainView(allocate(size));
    this.words = new DataView(this.bytes.buffer, this.bytes.byteOffset, size);
    this.offsets = new Uint32Array(entries + 1);
    this.times = new Float64Array(entries);
  }

  /** A full chunk of one event of `epoch`, whose frame takes `size` bytes. Its payload is not copied before somebody reads it: most often nobody does. */
  static holding(event: Message, size: number, { epoch, time }: { epoch: number; time: number }): RingChunk {
    const chunk = new RingChunk(0, 1).begin(epoch);
    chunk.#held = event.withoutRoutes();
    chunk.offsets[1] = size;
    chunk.times[0] = time;
    chunk.count = 1;
    chunk.privates = event.has(MessageFlag.PRIVATE) ? 1 : 0;
    return chunk;
  }

  /** Makes sure that its frames can be read. */
  open(): this {
    const held = this.#held;
    if (held !== undefined) {
      const size = this.end;
      this.bytes = plainView(allocate(size));
      this.words = new DataView(this.bytes.buffer, this.bytes.byteOffset, size);
      writeEventFrame(this, 0, size, held);
      this.#held = undefined;
    }
    return this;
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
    return this.#held?.aux1 ?? frameSeq(this, this.offsets[index + 1]!);
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
