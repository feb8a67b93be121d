import { allocate, SHARE_BYTES } from "../base/index.ts";
import { type Message, MessageFlag } from "../message/index.ts";
import { ArrivalTimes } from "./arrival-times.ts";
import { type EventSpan, frameEnd, frameFlags, frameSeq, writeEventFrame } from "./event-frame.ts";
import { firstIndex } from "./first-index.ts";

const FIRST_ENTRIES = 256;
const NOTHING_FOUND = new Uint32Array(1);

/** Memory in which a payload stands may be so many times as large. */
const MOST_MEMORY = 1.25;

/** True for an event with a large payload, in memory that holds little else. */
function isHoldable({ body, bodyStart, bodyEnd }: Message): boolean {
  const length = bodyEnd - bodyStart;
  return length >= SHARE_BYTES && body.buffer.byteLength <= length * MOST_MEMORY;
}

/**
 * Frames of one epoch one behind the other, and when they came. Where each of them starts is found when somebody wants to know: of most nobody does,
 * and to look into memory that was left alone for long is slow.
 */
export class RingChunk implements EventSpan {
  epoch = 0;
  /** The frames; none of an event that is held, before `encode`. */
  bytes: Uint8Array;
  words: DataView;
  /** Where the last frame is. */
  start = 0;
  end = 0;
  /** Frames, those before `head` included. */
  count = 0;
  /** Index of the first frame that is still kept. */
  head = 0;
  /** Where that one starts. */
  #keptFrom = 0;
  /** Of the first `#found` frames: where each starts, and behind the last of them where it ends; how many are private. */
  #offsets: Uint32Array = NOTHING_FOUND;
  #found = 0;
  #privates = 0;
  readonly #times: ArrivalTimes;
  /** The one event of a chunk, as long as it is not encoded. */
  #held: Message | undefined;

  constructor(size: number, times = new ArrivalTimes()) {
    this.bytes = allocate(size);
    this.words = new DataView(this.bytes.buffer, this.bytes.byteOffset, size);
    this.#times = times;
  }

  /** A full chunk of one event, whose frame takes `size` bytes. If it may be held its payload is not copied before somebody reads it: most often nobody does. */
  static alone(event: Message, size: number, { epoch, time }: { epoch: number; time: number }): RingChunk {
    const isHeld = isHoldable(event);
    const chunk = new RingChunk(isHeld ? 0 : size, new ArrivalTimes(1)).begin(epoch, time);
    if (isHeld) {
      chunk.#held = event.withoutRoutes();
      chunk.end = size;
      chunk.count = 1;
      chunk.#offsets = Uint32Array.of(0, size);
      chunk.#found = 1;
      chunk.#privates = event.has(MessageFlag.PRIVATE) ? 1 : 0;
    } else chunk.write(event, size);
    return chunk;
  }

  /** Encodes the event that it holds, if it does: before its frames are read. */
  encode(): this {
    const held = this.#held;
    if (held !== undefined) {
      const size = this.end;
      this.bytes = allocate(size);
      this.words = new DataView(this.bytes.buffer, this.bytes.byteOffset, size);
      writeEventFrame(this, 0, size, held);
      this.#held = undefined;
    }
    return this;
  }

  /** Empties it, for events of `epoch` that come at `time`, until `clock` says otherwise. */
  begin(epoch: number, time: number): this {
    this.epoch = epoch;
    this.start = 0;
    this.end = 0;
    this.count = 0;
    this.head = 0;
    this.#keptFrom = 0;
    this.#found = 0;
    this.#privates = 0;
    this.#times.begin(time);
    return this;
  }

  /** What is written from now on comes at `time`. */
  clock(time: number): void {
    this.#times.note(this.end, time);
  }

  /** Adds an event whose frame takes `size` bytes and has room. */
  write(event: Message, size: number): void {
    const at = this.end;
    writeEventFrame(this, at, size, event);
    this.start = at;
    this.end = at + size;
    this.count++;
  }

  /** The same in memory of just the size of its frames. */
  copy(): RingChunk {
    const { end } = this;
    const copy = new RingChunk(end, this.#times.copy());
    copy.bytes.set(this.bytes.subarray(0, end));
    copy.epoch = this.epoch;
    copy.end = end;
    copy.count = this.count;
    copy.head = this.head;
    copy.#keptFrom = this.#keptFrom;
    return copy;
  }

  /** Drops the events before `index`. */
  drop(index: number): void {
    this.#keptFrom = index === this.count ? this.end : this.offsets[index]!;
    this.head = index;
  }

  /** Number of events that are kept. */
  get kept(): number {
    return this.count - this.head;
  }

  /** Bytes of their frames. */
  get keptBytes(): number {
    return this.end - this.#keptFrom;
  }

  /** Where each frame starts, and behind the last of them where it ends. */
  get offsets(): Uint32Array {
    if (this.#found < this.count) this.#find();
    return this.#offsets;
  }

  /** How many of its events are private. */
  get privates(): number {
    if (this.#found < this.count) this.#find();
    return this.#privates;
  }

  /** The number of event `index`. */
  seqAt(index: number): number {
    return index === this.count - 1 ? this.lastSeq : frameSeq(this, this.offsets[index + 1]!);
  }

  /** The number of the last event; there is one. */
  get lastSeq(): number {
    return this.#held?.aux1 ?? frameSeq(this, this.end);
  }

  /** When event `index` came. */
  timeAt(index: number): number {
    return this.#times.at(this.offsets[index]!);
  }

  /** When the first event came that is kept; there is one. */
  get oldest(): number {
    return this.#times.at(this.#keptFrom);
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
    const { offsets } = this;
    const limit = offsets[from]! + bytes;
    return firstIndex(from, this.count, (index) => offsets[index + 1]! > limit);
  }

  /** Index of the first kept event that came at `time` or later; `count` when there is none. */
  indexSince(time: number): number {
    if (!this.hasSince(time)) return this.count;
    const start = this.#times.startSince(time);
    const { offsets } = this;
    return firstIndex(this.head, this.count, (index) => offsets[index]! >= start);
  }

  /** True when an event came at `time` or later. */
  hasSince(time: number): boolean {
    return this.#times.startSince(time) < this.end;
  }

  /** Finds the frames that were written since the last time. */
  #find(): void {
    const { count, end } = this;
    if (this.#offsets.length <= count) this.#reserve(count + 1);
    const offsets = this.#offsets;
    let at = offsets[this.#found]!;
    for (let found = this.#found; at < end; ) {
      at = frameEnd(this, at);
      offsets[++found] = at;
      if ((frameFlags(this, at) & MessageFlag.PRIVATE) !== 0) this.#privates++;
    }
    this.#found = count;
  }

  #reserve(entries: number): void {
    const roomier = new Uint32Array(Math.max(FIRST_ENTRIES, entries, 2 * this.#offsets.length));
    roomier.set(this.#offsets);
    this.#offsets = roomier;
  }
}
