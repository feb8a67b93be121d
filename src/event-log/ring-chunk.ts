import { allocate, plainView, SHARE_BYTES } from "../base/index.ts";
import { type FrameBytes, type Message, MessageFlag } from "../message/index.ts";
import { ArrivalTimes } from "./arrival-times.ts";
import { frameEnd, frameFlags, frameSeq, writeEventFrame } from "./event-frame.ts";
import { firstIndex } from "./first-index.ts";

const FIRST_ENTRIES = 256;

/** Memory in which a payload stands may be so many times as large. */
const MOST_MEMORY = 1.25;

/** True for an event with a large payload, in memory that holds little else. */
function isHoldable({ body, bodyStart, bodyEnd }: Message): boolean {
  const length = bodyEnd - bodyStart;
  return length >= SHARE_BYTES && body.buffer.byteLength <= length * MOST_MEMORY;
}

/**
 * Frames of one epoch one behind the other, where each starts, and when they came. What was written last is not counted before `index`: to do that for many
 * events at once costs a fraction.
 */
export class RingChunk implements FrameBytes {
  epoch = 0;
  /** The frames, once the chunk is open. */
  bytes: Uint8Array;
  words: DataView;
  /** Offset behind the last frame. */
  end = 0;
  /** Where each frame starts, and behind the last of them where it ends. */
  offsets: Uint32Array;
  /** Index of the first frame that is still kept. */
  head = 0;
  /** Frames that are counted, those before `head` included. */
  count = 0;
  /** How many of them are private. */
  privates = 0;
  readonly #times: ArrivalTimes;
  /** The one event of a chunk that is not open. */
  #held: Message | undefined;

  constructor(size: number, entries = FIRST_ENTRIES, times = new ArrivalTimes()) {
    this.bytes = plainView(allocate(size));
    this.words = new DataView(this.bytes.buffer, this.bytes.byteOffset, size);
    this.offsets = new Uint32Array(entries + 1);
    this.#times = times;
  }

  /** A full chunk of one event, whose frame takes `size` bytes. If it may be held its payload is not copied before somebody reads it: most often nobody does. */
  static alone(event: Message, size: number, { epoch, time }: { epoch: number; time: number }): RingChunk {
    const isHeld = isHoldable(event);
    const chunk = new RingChunk(isHeld ? 0 : size, 1, new ArrivalTimes(1)).begin(epoch, time);
    if (isHeld) {
      chunk.#held = event.withoutRoutes();
      chunk.end = size;
      chunk.offsets[1] = size;
      chunk.count = 1;
      chunk.privates = event.has(MessageFlag.PRIVATE) ? 1 : 0;
    } else {
      chunk.write(event, size);
      chunk.index();
    }
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

  /** Empties it, for events of `epoch` that come at `time`, until `clock` says otherwise. */
  begin(epoch: number, time: number): this {
    this.epoch = epoch;
    this.end = 0;
    this.head = 0;
    this.count = 0;
    this.privates = 0;
    this.#times.begin(time);
    return this;
  }

  /** What is written from now on comes at `time`. */
  clock(time: number): void {
    this.#times.note(this.end, time);
  }

  /** True when a frame of `size` bytes has room behind the others. */
  fits(size: number): boolean {
    return this.end + size <= this.bytes.length;
  }

  /** Adds an event whose frame takes `size` bytes and has room; returns where it starts. */
  write(event: Message, size: number): number {
    const at = this.end;
    writeEventFrame(this, at, size, event);
    this.end = at + size;
    return at;
  }

  /** Counts what was written. */
  index(): void {
    let { count, privates } = this;
    let at = this.offsets[count]!;
    for (const { end } = this; at < end; ) {
      at = frameEnd(this, at);
      if (++count === this.offsets.length) this.#reserve(2 * count);
      this.offsets[count] = at;
      if ((frameFlags(this, at) & MessageFlag.PRIVATE) !== 0) privates++;
    }
    this.count = count;
    this.privates = privates;
  }

  /** The same events, all of them counted, in memory of their own: that of `spare`, which has room for them, or else of just their size. */
  copy(spare?: RingChunk): RingChunk {
    const { count, end } = this;
    const copy = spare ?? new RingChunk(end, count, new ArrivalTimes(0));
    if (copy.offsets.length <= count) copy.#reserve(count + 1);
    copy.bytes.set(this.bytes.subarray(0, end));
    copy.offsets.set(this.offsets.subarray(0, count + 1));
    copy.#times.copy(this.#times);
    copy.epoch = this.epoch;
    copy.end = end;
    copy.head = this.head;
    copy.count = count;
    copy.privates = this.privates;
    return copy;
  }

  /** Number of events that are kept, of those that are counted. */
  get kept(): number {
    return this.count - this.head;
  }

  /** Bytes of their frames. */
  get keptBytes(): number {
    return this.offsets[this.count]! - this.offsets[this.head]!;
  }

  /** The number of event `index`. */
  seqAt(index: number): number {
    return this.#held?.aux1 ?? frameSeq(this, this.offsets[index + 1]!);
  }

  /** The number of the last event; there is one. */
  get lastSeq(): number {
    return this.seqAt(this.count - 1);
  }

  /** When event `index` came. */
  timeAt(index: number): number {
    return this.#times.at(this.offsets[index]!);
  }

  /** When the latest event came, or what `begin` or `clock` have said since. */
  get latest(): number {
    return this.#times.latest;
  }

  /** Writes when the events from `from` on came. */
  readTimes(from: number, into: Float64Array): void {
    this.#times.read(this.offsets, from, into);
  }

  /** Index of the first kept event whose number is above `seq`; `count` when there is none. */
  indexAfter(seq: number): number {
    return firstIndex(this.head, this.count, (index) => this.seqAt(index) > seq);
  }

  /** Index of the first event from `from` on that does not end within `bytes` of where `from` starts; `count` when all do. */
  indexBeyond(from: number, bytes: number): number {
    const limit = this.offsets[from]! + bytes;
    return firstIndex(from, this.count, (index) => this.offsets[index + 1]! > limit);
  }

  /** Index of the first kept event that came at `time` or later; `count` when there is none. */
  indexSince(time: number): number {
    const start = this.#times.startSince(time);
    return firstIndex(this.head, this.count, (index) => this.offsets[index]! >= start);
  }

  #reserve(entries: number): void {
    const roomier = new Uint32Array(entries);
    roomier.set(this.offsets);
    this.offsets = roomier;
  }
}
