import { join } from "node:path";
import { firstIndex } from "./first-index.ts";
import type { RecordChunk } from "./record-chunk.ts";
import {
  INDEX_BYTES,
  type IndexEntry,
  SEGMENT_HEADER_BYTES,
  type Seal,
  type SegmentHeader,
  segmentName,
} from "./segment-format.ts";

/** What is known of one file of the log: which events are in it, and where. */
export class Segment {
  readonly path: string;
  readonly epoch: number;
  readonly first: number;
  readonly salt: number;
  /** The last event in it; `first - 1` when there is none. */
  last: number;
  /** Number of events in it: less than `first` to `last` when some are missing. */
  events = 0;
  firstTime = Number.POSITIVE_INFINITY;
  lastTime = Number.NEGATIVE_INFINITY;
  /** True when nobody knows whether events of its epoch came behind the last one, unless there is a further segment. */
  openEnd = false;
  /** Offset where its records end. */
  size = SEGMENT_HEADER_BYTES;
  #entries: IndexEntry[] = [];

  constructor(folder: string, header: SegmentHeader) {
    const { epoch, first, salt } = header;
    this.path = join(folder, segmentName({ epoch, seq: first }));
    this.epoch = epoch;
    this.first = first;
    this.salt = salt;
    this.last = first - 1;
  }

  /** The segment as its seal describes it. */
  static sealed(folder: string, header: SegmentHeader, seal: Seal): Segment {
    const segment = new Segment(folder, header);
    segment.openEnd = seal.openEnd;
    segment.last = seal.last;
    segment.events = seal.events;
    segment.firstTime = seal.firstTime;
    segment.lastTime = seal.lastTime;
    segment.size = seal.size;
    segment.#entries = [...seal.entries];
    return segment;
  }

  get seal(): Seal {
    const { firstTime, lastTime, last, events, salt, openEnd, size } = this;
    return { firstTime, lastTime, last, events, salt, openEnd, size, entries: this.#entries };
  }

  /** Notes a record; those of a segment come in their order. */
  add({ seq, time, offset }: IndexEntry): void {
    this.mark({ seq, time, offset });
    this.last = seq;
    this.events++;
    if (this.firstTime === Number.POSITIVE_INFINITY) this.firstTime = time;
    this.lastTime = time;
  }

  /** Notes the records of a chunk that was written behind the others. */
  addChunk(chunk: RecordChunk): void {
    for (const mark of chunk.marks) this.mark({ ...mark, offset: this.size + mark.offset });
    this.last = chunk.last;
    this.events += chunk.count;
    if (this.firstTime === Number.POSITIVE_INFINITY) this.firstTime = chunk.firstTime;
    this.lastTime = chunk.lastTime;
    this.size += chunk.used;
  }

  /** Adds a record to the index, if the one before it is far enough away. */
  mark(entry: IndexEntry): void {
    const before = this.#entries.at(-1);
    if (before === undefined || entry.offset - before.offset >= INDEX_BYTES) this.#entries.push(entry);
  }

  /** Offset of a record from which on the events behind `seq` are found. */
  offsetAfter(seq: number): number {
    return this.#before((entry) => entry.seq > seq + 1);
  }

  /** Offset of a record from which on the events since `time` are found. */
  offsetSince(time: number): number {
    return this.#before((entry) => entry.time >= time);
  }

  #before(isBehind: (entry: IndexEntry) => boolean): number {
    const index = firstIndex(0, this.#entries.length, (i) => isBehind(this.#entries[i]!));
    return this.#entries[index - 1]?.offset ?? SEGMENT_HEADER_BYTES;
  }
}
