import { type FileHandle, open } from "node:fs/promises";
import { FluxError } from "../base/index.ts";
import { type EventPosition, formatPosition } from "../message/index.ts";
import {
  BatchBuilder,
  type EventBatch,
  isWanted,
  type ReadOptions,
  readLimits,
  type SeqRange,
  unknownBatch,
} from "./event-batch.ts";
import type { Segment } from "./segment.ts";
import { SegmentCursor } from "./segment-cursor.ts";
import type { SegmentList } from "./segment-list.ts";

/** Places where readers left off, remembered: the oldest go. */
const MOST_PLACES = 64;
/** Segments may go while they are read, each time others are left. */
const ATTEMPTS = 4;

/** How far a reader has come. */
interface Progress {
  readonly builder: BatchBuilder;
  readonly lost: SeqRange[];
  /** Last number it is to read. */
  readonly limit: number;
  through: number;
}

/** Reads the segments of a log. */
export class DiskReader {
  readonly #segments: SegmentList;
  readonly #damaged: (segment: Segment, offset: number) => void;
  readonly #places = new Map<string, { readonly segment: Segment; readonly offset: number }>();

  /** @param damaged - hears of bytes that are no record */
  constructor(segments: SegmentList, damaged: (segment: Segment, offset: number) => void) {
    this.#segments = segments;
    this.#damaged = damaged;
  }

  /**
   * Reads the events behind `after`. What is missing between those that are there, and before the first of them, is lost.
   * @throws FluxError EINVAL for an epoch above all.
   */
  async read(after: EventPosition, options: ReadOptions = {}): Promise<EventBatch> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#read(after, options);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT" || attempt === ATTEMPTS)
          throw FluxError.from(error);
      }
    }
  }

  async #read(after: EventPosition, options: ReadOptions): Promise<EventBatch> {
    const { epoch, seq } = after;
    const following = this.#segments.epochAfter(epoch);
    const segments = this.#segments.behind(after);
    if (segments.length === 0) {
      if (following === undefined) throw new FluxError("EINVAL", `epoch ${epoch} has not come yet`);
      return unknownBatch(after, following);
    }
    const builder = new BatchBuilder(readLimits(options));
    const progress: Progress = { builder, lost: [], limit: builder.limits.through, through: seq };
    for (const segment of segments) {
      if (!(await this.#readSegment(segment, progress))) break;
    }
    const { through, lost } = progress;
    const { last, openEnd } = segments.at(-1)!;
    const next = through >= last ? following : undefined;
    return builder.build(epoch, through, { lost, after: next, unknown: openEnd && next !== undefined });
  }

  /** The position to read after for the events that came at `timeMs` or later; undefined when none did. */
  async positionAt(timeMs: number): Promise<EventPosition | undefined> {
    for (const segment of this.#segments.all) {
      if (segment.lastTime < timeMs) continue;
      await using handle = await open(segment.path, "r");
      const cursor = this.#cursor(handle, segment, segment.offsetSince(timeMs));
      while (await this.#next(cursor, segment)) {
        if (cursor.time >= timeMs) return { epoch: segment.epoch, seq: cursor.seq - 1 };
      }
    }
    return undefined;
  }

  /** Reads what there is in a segment behind the progress; false when the batch is full or at its limit before the segment's end. */
  async #readSegment(segment: Segment, progress: Progress): Promise<boolean> {
    const { limit, builder } = progress;
    const { last } = segment;
    if (progress.through >= limit) return false;
    if (last <= progress.through) return true;
    const place = this.#places.get(formatPosition({ epoch: segment.epoch, seq: progress.through }));
    const offset = place?.segment === segment ? place.offset : segment.offsetAfter(progress.through);
    await using handle = await open(segment.path, "r");
    const cursor = this.#cursor(handle, segment, offset);
    while (await this.#next(cursor, segment)) {
      const { seq, frameStart, frameEnd } = cursor;
      if (seq <= progress.through) continue;
      if (seq > limit) {
        lose(progress, limit);
        return false;
      }
      const wanted = isWanted(cursor, frameStart, frameEnd, builder.limits);
      if (builder.scansLeft === 0 || (wanted && !builder.hasRoom(frameEnd - frameStart))) {
        this.#remember({ epoch: segment.epoch, seq: progress.through }, segment, cursor.recordOffset);
        return false;
      }
      if (seq > progress.through + 1) lose(progress, seq - 1);
      if (wanted) builder.add(cursor.bytes, frameStart, frameEnd, cursor.time);
      builder.scanned++;
      progress.through = seq;
    }
    if (progress.through < last) lose(progress, last);
    else this.#remember({ epoch: segment.epoch, seq: last }, segment, cursor.offset);
    return progress.through < limit;
  }

  #cursor(handle: FileHandle, { size, salt }: Segment, offset: number): SegmentCursor {
    return new SegmentCursor(handle, { offset, end: size, salt });
  }

  /** Goes to the next whole record; false when there is none. */
  async #next(cursor: SegmentCursor, segment: Segment): Promise<boolean> {
    for (;;) {
      const step = cursor.step();
      if (step === "record") return true;
      if (step === "end") return false;
      if (step === "load") await cursor.load();
      else {
        this.#damaged(segment, cursor.offset);
        if (!(await cursor.skip())) return false;
      }
    }
  }

  #remember(position: EventPosition, segment: Segment, offset: number): void {
    const key = formatPosition(position);
    this.#places.delete(key);
    this.#places.set(key, { segment, offset });
    if (this.#places.size > MOST_PLACES) this.#places.delete(this.#places.keys().next().value!);
  }
}

/** The numbers behind the progress, up to `last` but not over its limit, are lost. */
function lose(progress: Progress, last: number): void {
  const end = Math.min(last, progress.limit);
  if (end <= progress.through) return;
  const before = progress.lost.at(-1);
  if (before !== undefined && before[1] === progress.through)
    progress.lost[progress.lost.length - 1] = [before[0], end];
  else progress.lost.push([progress.through + 1, end]);
  progress.through = end;
}
