import { FluxError, SHARE_BYTES } from "../base/index.ts";
import { type EventPosition, type EventRange, LAST_SEQ, type Message } from "../message/index.ts";
import { EpochLine } from "./epoch-line.ts";
import { BatchBuilder, type EventBatch, type ReadOptions, readLimits } from "./event-batch.ts";
import { type EventSpan, eventFrameBytes } from "./event-frame.ts";
import { firstIndex } from "./first-index.ts";
import { RingChunk } from "./ring-chunk.ts";
import { RING_LIMITS, type RingLimits } from "./ring-limits.ts";
import { readChunks } from "./ring-read.ts";

const LARGEST_CHUNK = 256 * 1024;
const LEAST_CHUNK = 4 * 1024;
/** A chunk that is no larger a part of what the ring may hold goes as a whole. */
const LEAST_PART = 1 / 16;

export interface RingStats {
  /** Events it holds. */
  readonly events: number;
  /** Bytes of their frames. */
  readonly bytes: number;
  /** Events it took. */
  readonly taken: number;
  /** Events that went because of a limit, or were forgotten. */
  readonly dropped: number;
  /** Numbers that never came, in all. */
  readonly lost: number;
}

/**
 * The latest events of a rank, in memory, in their order.
 *
 * The numbers go up by one, from one epoch to the next; those that never came are known as lost. Owner: one rank, which appends each event as it
 * delivers it. What is read from it is a copy.
 *
 * An event is written to the open chunk, and that is all: when the chunk is full another is opened and the oldest go, and before anything is read the
 * limits are seen to.
 */
export class EventRing {
  readonly #limits: RingLimits;
  readonly #leaving: () => void;
  readonly #chunkBytes: number;
  /** Full chunks, the oldest first; none of them empty. */
  readonly #full: RingChunk[] = [];
  /** Where the next event is written, behind those of the others. */
  #open = new RingChunk(0).begin(0, Number.NEGATIVE_INFINITY);
  /** The number of the next event if none is lost; below 0 as long as it may be any. */
  #next!: number;
  /** Memory of a chunk that went. */
  #spare: RingChunk | undefined;
  readonly #lines: EpochLine[] = [];
  #line!: EpochLine;
  /** The present epoch began when the numbers of the one before had come to their end. */
  #continues = false;
  /** In full chunks. */
  #fullEvents = 0;
  #fullBytes = 0;
  #dropped = 0;
  #lost = 0;

  /**
   * @param options.after - what comes first is the event behind this position; left out: whatever is appended first
   * @param options.leaving - called before others may be written where the events stand that `append` has told of; it must not append
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
    this.#chunkBytes = Math.min(LARGEST_CHUNK, Math.max(LEAST_CHUNK, Math.floor(this.#limits.bytes / 8)));
    this.#begin(options.after ?? { epoch: 0, seq: 0 });
    if (options.after === undefined) this.#next = -1;
  }

  /** The epoch of what comes next; 0 when it is not known. */
  get epoch(): number {
    return this.#line.epoch;
  }

  /** True while nothing has come, and nobody has said where to begin. */
  get isAnywhere(): boolean {
    return this.#next < 0;
  }

  /** The oldest event it can tell anything about. */
  get first(): EventPosition {
    this.#trim();
    const { epoch, first } = this.#lines[0]!;
    return { epoch, seq: first };
  }

  /** The latest event. */
  get last(): EventPosition {
    return { epoch: this.#line.epoch, seq: Math.max(0, this.#next - 1) };
  }

  /** When its oldest event came; infinite when there is none. */
  get oldestTime(): number {
    this.#trim();
    return this.#oldest;
  }

  get stats(): RingStats {
    this.#trim();
    const events = this.#events;
    return {
      events,
      bytes: this.#bytes,
      taken: this.#dropped + events,
      dropped: this.#dropped,
      lost: this.#lost,
    };
  }

  /** What is appended from now on comes at `timeMs`. A clock may be set back: times in the ring are not. */
  clock(timeMs: number): void {
    this.#open.clock(timeMs);
  }

  /**
   * Adds an event. Numbers it leaves out are lost; number 1 behind 2^32 - 1 begins the epoch after.
   * Where it stands is told in an object that changes with the ring; nowhere when it is a large one.
   * @throws FluxError EINVAL when its number is not above the last one.
   */
  append(event: Message): EventSpan | undefined {
    const seq = event.aux1;
    if (seq !== this.#next) this.#jump(seq);
    const size = eventFrameBytes(event);
    if (size >= SHARE_BYTES) return this.#addAlone(event, size, seq);
    let open = this.#open;
    if (open.end + size > open.bytes.length) open = this.#turn(size);
    open.write(event, size);
    // Last: `#turn` counts what was appended before.
    this.#next = seq + 1;
    return open;
  }

  /**
   * Notes that the events of `range` never come. It follows on the last event, or begins the epoch after.
   * @throws FluxError EINVAL when its end is not above the last number.
   */
  lose(range: EventRange): void {
    this.#sync();
    if (range.epoch !== this.epoch) this.rollover(range.epoch);
    // Behind the end of 32 bits: two epochs without a name can't be told apart.
    else if (range.first === 1 && this.#line.last === LAST_SEQ) this.restart({ epoch: range.epoch, seq: 0 });
    if (this.isAnywhere) this.restart({ epoch: range.epoch, seq: range.first - 1 });
    if (range.last <= this.#line.last) throw behind(range.last, this.#line.last);
    this.#lost += range.last - this.#line.last;
    this.#line.lose(range.last);
    this.#next = range.last + 1;
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
      this.#turn(0);
      this.#continues = epoch === this.epoch + 1 && this.#line.last === LAST_SEQ;
      this.#begin({ epoch, seq: 0 });
    }
  }

  /** Forgets everything; what comes next is the event behind `after`. */
  restart(after: EventPosition): void {
    this.#turn(0);
    for (const chunk of [...this.#full]) this.#drop(chunk, chunk.count);
    this.#lines.length = 0;
    this.#continues = false;
    this.#begin(after);
  }

  /** Forgets the events that are too old at `nowMs`: for a ring that none comes to. */
  expire(nowMs: number): void {
    this.#trim(nowMs);
  }

  /** True when it knows about each event behind `after`: there, or lost. */
  covers({ epoch, seq }: EventPosition): boolean {
    this.#trim();
    const line = this.#lineOf(epoch);
    return line !== undefined && seq >= line.first - 1;
  }

  /** The first epoch above this one that it knows of. */
  epochAfter(epoch: number): number | undefined {
    this.#trim();
    return this.#lines.find((line) => line.epoch > epoch)?.epoch;
  }

  /** The epoch of number `seq`: the present one, or the one before when that went up to the last number, and `seq` is nearer to its end. */
  epochOf(seq: number): number {
    const isBefore = this.#continues && seq - this.last.seq > LAST_SEQ / 2;
    return isBefore ? this.epoch - 1 : this.epoch;
  }

  /**
   * Reads the events behind `after`; undefined when it does not cover that. A reader that is ahead of it gets nothing until the ring has come
   * by.
   */
  read(after: EventPosition, options: ReadOptions = {}): EventBatch | undefined {
    this.#trim();
    const line = this.#lineOf(after.epoch);
    if (line === undefined || after.seq < line.first - 1) return undefined;
    const builder = new BatchBuilder(readLimits(options));
    const end = Math.min(line.last, builder.limits.through);
    const through = after.seq >= end ? after.seq : readChunks(builder, this.#all, after, end);
    const following = this.#lines[this.#lines.indexOf(line) + 1];
    const ended = following !== undefined && through >= line.last;
    return builder.build(after.epoch, through, {
      lost: line.lostWithin(after.seq, through),
      after: ended ? following.epoch : undefined,
    });
  }

  /** The position to read after for the events that came at `timeMs` or later. */
  positionAt(timeMs: number): EventPosition {
    this.#trim();
    const all = this.#all;
    const chunk = all[firstIndex(0, all.length, (i) => all[i]!.hasSince(timeMs))];
    if (chunk === undefined) return this.last;
    return { epoch: chunk.epoch, seq: chunk.seqAt(chunk.indexSince(timeMs)) - 1 };
  }

  /** The chunks with events in them, the oldest first. */
  get #all(): readonly RingChunk[] {
    return this.#open.kept > 0 ? [...this.#full, this.#open] : this.#full;
  }

  get #first(): RingChunk {
    return this.#full[0] ?? this.#open;
  }

  get #events(): number {
    return this.#fullEvents + this.#open.kept;
  }

  get #bytes(): number {
    return this.#fullBytes + this.#open.keptBytes;
  }

  get #oldest(): number {
    const chunk = this.#first;
    return chunk.kept === 0 ? Number.POSITIVE_INFINITY : chunk.oldest;
  }

  /** Keeps a large event in a chunk of its own. */
  #addAlone(event: Message, size: number, seq: number): undefined {
    const { epoch, latest } = this.#turn(0);
    const chunk = RingChunk.alone(event, size, { epoch, time: latest });
    // There was memory for it. Now `#add` may count it.
    this.#next = seq + 1;
    this.#add(chunk);
  }

  #lineOf(epoch: number): EpochLine | undefined {
    return this.#line.epoch === epoch ? this.#line : this.#lines.find((line) => line.epoch === epoch);
  }

  /** What comes next is the event behind `after`, in an epoch that has no line yet; the open chunk is empty. */
  #begin({ epoch, seq }: EventPosition): void {
    this.#line = new EpochLine(epoch, seq);
    this.#lines.push(this.#line);
    this.#open.epoch = epoch;
    this.#next = seq + 1;
  }

  /** The event to be appended is `seq`, which does not follow on the last. */
  #jump(seq: number): void {
    this.#sync();
    const { last } = this.#line;
    if (seq === 0) throw new FluxError("EINVAL", "event has no sequence number");
    if (this.isAnywhere) this.restart({ epoch: this.epoch, seq: seq - 1 });
    else if (last === LAST_SEQ && seq === 1 && this.epoch !== 0) this.rollover(this.epoch + 1);
    // Two epochs without a name can't be told apart.
    else if (last === LAST_SEQ && seq === 1) this.restart({ epoch: 0, seq: 0 });
    else if (seq > last) this.lose({ epoch: this.epoch, first: last + 1, last: seq - 1 });
    else throw behind(seq, last);
  }

  /** The epoch so far was not known: it is this one. */
  #nameEpoch(epoch: number): void {
    for (const chunk of this.#full) if (chunk.epoch === this.#line.epoch) chunk.epoch = epoch;
    this.#open.epoch = epoch;
    this.#line.epoch = epoch;
  }

  /**
   * Puts the events of the open chunk behind the full ones, and returns an open chunk with room for a frame of `size` bytes. An instance of many ranks
   * in one process has as many rings, most of them short: the first chunks are small.
   */
  #turn(size: number): RingChunk {
    this.#leaving();
    this.#sync();
    const chunk = this.#open;
    const { epoch, latest, kept, end } = chunk;
    const room = chunk.bytes.length;
    const roomier = Math.min(this.#chunkBytes, Math.max(LEAST_CHUNK, 2 * room));
    const wanted = size === 0 ? room : Math.max(size, roomier);
    // One that ends early would keep much memory that holds nothing.
    const isFull = kept > 0 && end >= room - room / 8;
    const full = isFull || kept === 0 ? chunk : chunk.copy();
    if (isFull || room < wanted) this.#open = this.#chunkOf(wanted);
    const open = this.#open.begin(epoch, latest);
    if (kept > 0) this.#add(full);
    return open;
  }

  #chunkOf(size: number): RingChunk {
    const spare = this.#spare;
    if (spare === undefined || spare.bytes.length < size) return new RingChunk(size);
    this.#spare = undefined;
    return spare;
  }

  #add(chunk: RingChunk): void {
    this.#full.push(chunk);
    this.#fullEvents += chunk.kept;
    this.#fullBytes += chunk.keptBytes;
    this.#trim();
  }

  /** Notes what was appended since the last time. */
  #sync(): void {
    if (!this.isAnywhere) this.#line.last = this.#next - 1;
  }

  /** Drops what is over the limits, at `nowMs`; left out: at the time `clock` has told last. */
  #trim(nowMs = this.#open.latest): void {
    this.#sync();
    const limits = this.#limits;
    const since = nowMs - limits.ageMs;
    for (;;) {
      const events = this.#events - limits.events;
      const bytes = this.#bytes - limits.bytes;
      const isOld = this.#oldest < since;
      if (events <= 0 && bytes <= 0 && !isOld) return;
      const chunk = this.#first;
      const beyond = events > 0 || bytes > 0 ? this.#indexOver(chunk, events, bytes) : 0;
      this.#drop(chunk, Math.max(beyond, isOld ? chunk.indexSince(since) : 0));
    }
  }

  /** Index of the first event of the oldest chunk that may stay when so many events and bytes are over the limits. */
  #indexOver(chunk: RingChunk, events: number, bytes: number): number {
    const { head, count, kept, keptBytes } = chunk;
    const limits = this.#limits;
    // To look into memory that was left alone for long is slow.
    if (kept <= limits.events * LEAST_PART && keptBytes <= limits.bytes * LEAST_PART) return count;
    const byBytes = bytes > 0 ? chunk.indexBeyond(head, bytes - 1) + 1 : 0;
    return Math.min(count, Math.max(head + events, byBytes));
  }

  /** Drops the events of the oldest chunk before `end`. */
  #drop(chunk: RingChunk, end: number): void {
    const next = chunk.seqAt(end - 1) + 1;
    while (this.#lines[0]!.epoch !== chunk.epoch) this.#lines.shift();
    this.#lines[0]!.forget(next);
    const { kept, keptBytes } = chunk;
    chunk.drop(end);
    this.#dropped += kept - chunk.kept;
    if (chunk === this.#open) return;
    this.#fullEvents -= kept - chunk.kept;
    this.#fullBytes -= keptBytes - chunk.keptBytes;
    if (chunk.kept > 0) return;
    this.#full.shift();
    if (chunk.bytes.length === this.#chunkBytes) this.#spare = chunk;
  }
}

function behind(seq: number, last: number): FluxError {
  return new FluxError("EINVAL", `event ${seq} is not above ${last}, the last one`);
}
