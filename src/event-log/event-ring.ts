import { EMPTY, FluxError } from "../base/index.ts";
import { type EventPosition, type EventRange, LAST_SEQ, type Message } from "../message/index.ts";
import { EpochLine } from "./epoch-line.ts";
import { BatchBuilder, type EventBatch, type ReadOptions, readLimits } from "./event-batch.ts";
import { type EventSpan, eventFrameBytes } from "./event-frame.ts";
import { firstIndex, isHoldable, RingChunk } from "./ring-chunk.ts";
import { takeSpan, takeWanted } from "./ring-read.ts";

const LARGEST_CHUNK = 256 * 1024;
const LEAST_CHUNK = 4 * 1024;
/** A ring that is full drops so much of itself at a time, by bytes when it is not small. */
const RING_PARTS = 4096;
const LEAST_PARTED_BYTES = 1024 * 1024;

/** What a ring keeps at most; beyond it the oldest events go. */
export interface RingLimits {
  /** Number of events: 262,144. */
  readonly events: number;
  /** Bytes of their frames: 32 MiB. Besides there are twelve bytes for each event, two chunks of up to 256 KiB, and with payloads of 16 KiB and more up to three quarters as much again. */
  readonly bytes: number;
  /** How long ago an event came, in milliseconds: no limit. */
  readonly ageMs: number;
}

export const RING_LIMITS: RingLimits = {
  events: 262_144,
  bytes: 32 * 1024 * 1024,
  ageMs: Number.POSITIVE_INFINITY,
};

export interface RingStats {
  /** Events it holds. */
  readonly events: number;
  /** Bytes of their frames. */
  readonly bytes: number;
  /** Events it took. */
  readonly taken: number;
  /** Events that went because of a limit. */
  readonly dropped: number;
  /** Numbers that never came, in all. */
  readonly lost: number;
}

/**
 * The latest events of a rank, in memory, in their order.
 *
 * The numbers go up by one, from one epoch to the next; those that never came are known as lost. Owner: one rank, which appends each event as it
 * delivers it. What is read from it is a copy.
 */
export class EventRing {
  readonly #limits: RingLimits;
  readonly #leaving: () => void;
  readonly #chunkBytes: number;
  /** Size of the next chunk: the first is small, each twice the one before up to `#chunkBytes`. */
  #nextBytes = LEAST_CHUNK;
  /** The oldest first; none of them empty, but maybe the last. */
  readonly #chunks: RingChunk[] = [];
  readonly #lines: EpochLine[] = [];
  #tail: RingChunk;
  /** The latest event. */
  readonly #span: { bytes: Uint8Array; start: number; end: number } = { bytes: EMPTY, start: 0, end: 0 };
  #spare: RingChunk | undefined;
  #line: EpochLine;
  /** Nothing was appended, and nobody said where to begin. */
  #anywhere: boolean;
  /** The present epoch began when the numbers of the one before had come to their end. */
  #continues = false;
  #oldest = Number.POSITIVE_INFINITY;
  #latest = Number.NEGATIVE_INFINITY;
  #events = 0;
  #bytes = 0;
  #taken = 0;
  #dropped = 0;
  #lost = 0;

  /**
   * @param options.after - what comes first is the event behind this position; left out: whatever is appended first
   * @param options.leaving - called before others may be written where the events stand that `append` has told of
   */
  constructor(
    options: {
      readonly limits?: Partial<RingLimits> | undefined;
      readonly after?: EventPosition;
      readonly leaving?: (() => void) | undefined;
    } = {},
  ) {
    this.#leaving = options.leaving ?? (() => {});
    this.#limits = { ...RING_LIMITS, ...options.limits };
    this.#chunkBytes = Math.min(LARGEST_CHUNK, Math.max(LEAST_CHUNK, this.#limits.bytes >>> 3));
    this.#anywhere = options.after === undefined;
    const { epoch, seq } = options.after ?? { epoch: 0, seq: 0 };
    this.#line = this.#addLine(epoch, seq);
    this.#tail = new RingChunk(0).begin(epoch);
  }

  /** The epoch of what comes next; 0 when it is not known. */
  get epoch(): number {
    return this.#line.epoch;
  }

  /** True while nothing has come, and nobody has said where to begin. */
  get isAnywhere(): boolean {
    return this.#anywhere;
  }

  /** The oldest event it can tell anything about. */
  get first(): EventPosition {
    const { epoch, first } = this.#lines[0]!;
    return { epoch, seq: first };
  }

  /** The latest event. */
  get last(): EventPosition {
    return { epoch: this.#line.epoch, seq: this.#line.last };
  }

  /** When its oldest event came; infinite when there is none. */
  get oldestTime(): number {
    return this.#oldest;
  }

  get stats(): RingStats {
    return {
      events: this.#events,
      bytes: this.#bytes,
      taken: this.#taken,
      dropped: this.#dropped,
      lost: this.#lost,
    };
  }

  /**
   * Adds an event, which came at `timeMs`. Numbers it leaves out are lost; number 1 behind 2^32 - 1 begins the epoch after.
   * Where it stands is told in an object that the next call changes; nowhere when it is a large one.
   * @throws FluxError EINVAL when its number is not above the last one.
   */
  append(event: Message, timeMs: number): EventSpan | undefined {
    const seq = event.aux1;
    if (seq !== this.#line.last + 1) this.#jump(seq);
    this.#anywhere = false;
    // A clock may be set back: times in the ring are not.
    const isLater = timeMs > this.#latest;
    if (isLater) this.#latest = timeMs;
    const size = eventFrameBytes(event);
    const span = isHoldable(event) ? this.#hold(event, size) : this.#write(event, size);
    this.#line.last = seq;
    this.#taken++;
    this.#bytes += size;
    if (this.#events++ === 0) this.#oldest = this.#latest;
    const limits = this.#limits;
    if (isLater || this.#events > limits.events || this.#bytes > limits.bytes) this.#dropOver(this.#latest);
    return span;
  }

  /**
   * Notes that the events of `range` never come. It follows on the last event, or begins the epoch after.
   * @throws FluxError EINVAL when its end is not above the last number.
   */
  lose(range: EventRange): void {
    if (range.epoch !== this.epoch) this.rollover(range.epoch);
    // Behind the end of 32 bits: two epochs without a name can't be told apart.
    else if (range.first === 1 && this.#line.last === LAST_SEQ) this.restart({ epoch: range.epoch, seq: 0 });
    if (this.#anywhere) this.restart({ epoch: range.epoch, seq: range.first - 1 });
    if (range.last <= this.#line.last) throw behind(range.last, this.#line.last);
    this.#lost += range.last - this.#line.last;
    this.#line.lose(range.last);
  }

  /**
   * What comes next is of `epoch`, from number 1 on. An epoch that was not known, 0, gets this name instead.
   * @throws FluxError EINVAL when `epoch` is not above the present one.
   */
  rollover(epoch: number): void {
    if (epoch <= this.epoch)
      throw new FluxError("EINVAL", `epoch ${epoch} is not above ${this.epoch}, the present one`);
    if (this.epoch === 0) this.#nameEpoch(epoch);
    else {
      this.#continues = epoch === this.epoch + 1 && this.#line.last === LAST_SEQ;
      this.#line = this.#addLine(epoch, 0);
      this.#anywhere = false;
      this.#addChunk(0);
    }
  }

  /** Forgets everything; what comes next is the event behind `after`. */
  restart(after: EventPosition): void {
    while (this.#events > 0) this.#drop(this.#chunks[0]!.count);
    this.#lines.length = 0;
    this.#line = this.#addLine(after.epoch, after.seq);
    this.#anywhere = false;
    this.#addChunk(0);
  }

  /** Forgets the events that are too old at `nowMs`: for a ring that none comes to. */
  expire(nowMs: number): void {
    this.#dropOver(nowMs);
  }

  /** True when it knows about each event behind `after`: there, or lost. */
  covers({ epoch, seq }: EventPosition): boolean {
    const line = this.#lineOf(epoch);
    return line !== undefined && seq >= line.first - 1;
  }

  /** The first epoch above this one that it knows of. */
  epochAfter(epoch: number): number | undefined {
    return this.#lines.find((line) => line.epoch > epoch)?.epoch;
  }

  /** The epoch of number `seq`: the present one, or the one before when that went up to the last number, and `seq` is nearer to its end. */
  epochOf(seq: number): number {
    const isBefore = this.#continues && seq - this.#line.last > LAST_SEQ / 2;
    return isBefore ? this.epoch - 1 : this.epoch;
  }

  /**
   * Reads the events behind `after`; undefined when it does not cover that. A reader that is ahead of it gets nothing until the ring has come
   * by.
   */
  read(after: EventPosition, options: ReadOptions = {}): EventBatch | undefined {
    const line = this.#lineOf(after.epoch);
    if (line === undefined || after.seq < line.first - 1) return undefined;
    const builder = new BatchBuilder(readLimits(options));
    const end = Math.min(line.last, builder.limits.through);
    const through = after.seq >= end ? after.seq : this.#scan(builder, after, end);
    const following = this.#lines[this.#lines.indexOf(line) + 1];
    const ended = following !== undefined && through >= line.last;
    return builder.build(after.epoch, through, {
      lost: line.lostWithin(after.seq, through),
      after: ended ? following.epoch : undefined,
    });
  }

  /** The position to read after for the events that came at `timeMs` or later. */
  positionAt(timeMs: number): EventPosition {
    const index = firstIndex(
      0,
      this.#chunks.length,
      (i) => this.#chunks[i]!.indexSince(timeMs) < this.#chunks[i]!.count,
    );
    const chunk = this.#chunks[index];
    return chunk === undefined
      ? this.last
      : { epoch: chunk.epoch, seq: chunk.seqAt(chunk.indexSince(timeMs)) - 1 };
  }

  /** Adds what is wanted behind `after`, up to number `end`, to the builder; returns how far it came. */
  #scan(builder: BatchBuilder, after: EventPosition, end: number): number {
    const { limits } = builder;
    const chunks = this.#chunks;
    const start = firstIndex(0, chunks.length, (i) => {
      const { epoch, count } = chunks[i]!;
      return epoch > after.epoch || (epoch === after.epoch && count > 0 && chunks[i]!.lastSeq > after.seq);
    });
    for (let i = start; i < chunks.length && chunks[i]!.epoch === after.epoch; i++) {
      const chunk = chunks[i]!.open();
      const from = chunk.indexAfter(after.seq);
      if (from === chunk.count) continue;
      const stop = chunk.lastSeq <= end ? chunk.count : chunk.indexAfter(end);
      const whole = limits.prefix.length === 0 && (limits.see === undefined || chunk.privates === 0);
      const reached = whole ? takeSpan(builder, chunk, from, stop) : takeWanted(builder, chunk, from, stop);
      if (reached < stop) return chunk.seqAt(reached) - 1;
      if (stop < chunk.count) return end;
    }
    return end;
  }

  #write(event: Message, size: number): EventSpan {
    const chunk = this.#tail.fits(size) ? this.#tail : this.#addChunk(size);
    const span = this.#span;
    span.bytes = chunk.bytes;
    span.start = chunk.end;
    span.end = span.start + size;
    chunk.append(event, size, this.#latest);
    return span;
  }

  /** Keeps an event without writing it. What comes next is in another chunk, a small one: another large event may come right behind. */
  #hold(event: Message, size: number): undefined {
    this.#dropEmpty();
    this.#tail = RingChunk.holding(event, size, { epoch: this.#line.epoch, time: this.#latest });
    this.#chunks.push(this.#tail);
    this.#nextBytes = LEAST_CHUNK;
  }

  #lineOf(epoch: number): EpochLine | undefined {
    return this.#line.epoch === epoch ? this.#line : this.#lines.find((line) => line.epoch === epoch);
  }

  #addLine(epoch: number, after: number): EpochLine {
    const line = new EpochLine(epoch, after);
    this.#lines.push(line);
    return line;
  }

  /** The event to be appended is `seq`, which does not follow on the last. */
  #jump(seq: number): void {
    const { last } = this.#line;
    if (seq === 0) throw new FluxError("EINVAL", "event has no sequence number");
    if (this.#anywhere) this.restart({ epoch: this.epoch, seq: seq - 1 });
    else if (last === LAST_SEQ && seq === 1 && this.epoch !== 0) this.rollover(this.epoch + 1);
    // Two epochs without a name can't be told apart.
    else if (last === LAST_SEQ && seq === 1) this.restart({ epoch: 0, seq: 0 });
    else if (seq > last) this.lose({ epoch: this.epoch, first: last + 1, last: seq - 1 });
    else throw behind(seq, last);
  }

  /** The epoch so far was not known: it is this one. */
  #nameEpoch(epoch: number): void {
    for (const chunk of this.#chunks) if (chunk.epoch === this.#line.epoch) chunk.epoch = epoch;
    this.#tail.epoch = epoch;
    this.#line.epoch = epoch;
  }

  /** A chunk of the present epoch for a frame of `size` bytes. */
  #addChunk(size: number): RingChunk {
    this.#leaving();
    const { epoch } = this.#line;
    if (this.#tail.count === 0 && this.#tail.fits(size)) return this.#tail.begin(epoch);
    this.#dropEmpty();
    const chunk =
      size <= this.#chunkBytes && this.#spare !== undefined
        ? this.#spare
        : new RingChunk(Math.max(size, this.#nextBytes));
    // An instance of many ranks in one process has as many rings, most of them short.
    this.#nextBytes = Math.min(this.#chunkBytes, 2 * this.#nextBytes);
    if (chunk === this.#spare) this.#spare = undefined;
    this.#tail = chunk.begin(epoch);
    this.#chunks.push(this.#tail);
    return this.#tail;
  }

  /** Drops what is over the limits, and of a large ring a little more: memory that was left alone for long is slow to look at. */
  #dropOver(nowMs: number): void {
    const { events, bytes } = this.#limits;
    const since = nowMs - this.#limits.ageMs;
    while (this.#events > events || this.#bytes > bytes || this.#oldest < since) {
      const chunk = this.#chunks[0]!;
      let end = this.#oldest < since ? chunk.indexSince(since) : chunk.head + 1;
      if (this.#events > events)
        end = Math.max(end, chunk.head + this.#events - events + Math.floor(events / RING_PARTS));
      if (this.#bytes > bytes) {
        const more = bytes < LEAST_PARTED_BYTES ? 0 : Math.floor(bytes / RING_PARTS);
        end = Math.max(end, chunk.indexBeyond(chunk.head, this.#bytes - bytes + more - 1) + 1);
      }
      this.#drop(end);
    }
  }

  /** Drops the events of the oldest chunk before `end`, at most all of them. */
  #drop(end: number): void {
    const chunk = this.#chunks[0]!;
    const { head } = chunk;
    const next = Math.min(end, chunk.count);
    this.#bytes -= chunk.offsets[next]! - chunk.offsets[head]!;
    this.#events -= next - head;
    this.#dropped += next - head;
    while (this.#lines[0]!.epoch !== chunk.epoch) this.#lines.shift();
    this.#lines[0]!.forget(chunk.seqAt(next - 1) + 1);
    chunk.head = next;
    if (chunk.head === chunk.count) this.#dropChunk();
    const first = this.#chunks[0];
    this.#oldest = this.#events === 0 ? Number.POSITIVE_INFINITY : first!.times[first!.head]!;
  }

  /** Takes the oldest chunk, which is used up, out of the ring. */
  #dropChunk(): void {
    const chunk = this.#chunks.shift()!;
    if (chunk === this.#tail) this.#tail = new RingChunk(0).begin(this.#line.epoch);
    this.#keepSpare(chunk);
  }

  /** Takes the latest chunk out of the ring if there is nothing in it. */
  #dropEmpty(): void {
    if (this.#chunks.at(-1)?.count === 0) this.#keepSpare(this.#chunks.pop()!);
  }

  #keepSpare(chunk: RingChunk): void {
    if (chunk.bytes.length === this.#chunkBytes) this.#spare = chunk;
  }
}

function behind(seq: number, last: number): FluxError {
  return new FluxError("EINVAL", `event ${seq} is not above ${last}, the last one`);
}
