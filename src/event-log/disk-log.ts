import { mkdir, rm } from "node:fs/promises";
import { FluxError } from "../base/index.ts";
import { type EventPosition, formatPosition, LAST_SEQ, type Message } from "../message/index.ts";
import { type Commit, makeCommit } from "./commit.ts";
import type { DiskLogOptions, DiskNotice, DiskStats } from "./disk-log-options.ts";
import { DiskReader } from "./disk-reader.ts";
import type { EventBatch, ReadOptions } from "./event-batch.ts";
import { type EventSpan, eventFrameBytes } from "./event-frame.ts";
import { lockFolder } from "./folder-lock.ts";
import { beginRun, type OpenedFolder, openFolder } from "./open-folder.ts";
import { type Cut, nameOf } from "./open-segment.ts";
import { RecordChunk } from "./record-chunk.ts";
import type { Segment } from "./segment.ts";
import { RECORD_HEAD_BYTES } from "./segment-format.ts";
import { DISK_LIMITS, type DiskLimits, type SegmentList } from "./segment-list.ts";
import { SegmentWriter } from "./segment-writer.ts";

/** Defaults of `segmentBytes` and `maxPendingBytes`. */
export const SEGMENT_BYTES = 64 * 1024 * 1024;
export const PENDING_BYTES = 64 * 1024 * 1024;

const CHUNK_BYTES = 256 * 1024;
const MOST_SPARES = 4;
/** At 100,000 events a second this is a write for a thousand of them. */
const GATHER_MS = 10;
const LEAST_SEGMENT_BYTES = 4 * 1024;

/**
 * The events of rank 0 on disk, in segments that are only ever appended to.
 *
 * Events are gathered for a while, and while a write is under way, and then written at once. When the disk fails, that is reported once, events go by until it works
 * again, and what is missing is known as lost.
 */
export class DiskLog implements AsyncDisposable {
  /** The epoch of this run: above those of all other runs that the folder holds. */
  readonly epoch: number;
  /** What was cut off segments of earlier runs when the log was opened. */
  readonly cuts: readonly Cut[];
  readonly #options: DiskLogOptions;
  readonly #limits: DiskLimits;
  readonly #segments: SegmentList;
  readonly #reader: DiskReader;
  readonly #writer: SegmentWriter;
  readonly #salt: number;
  readonly #unlock: () => void;
  /** The latest event. */
  #lastEpoch: number;
  #lastSeq: number;
  #latest = Number.NEGATIVE_INFINITY;
  #filling: RecordChunk;
  #full: RecordChunk[] = [];
  #spares: RecordChunk[] = [];
  #pendingBytes = 0;
  /** Of the events that wait, and of those that are being written. */
  #next: Commit | undefined;
  #current: Commit | undefined;
  /** Why the latest event did not get into the log. */
  #refused: FluxError | undefined;
  #failure: { readonly error: FluxError; readonly retryAt: number } | undefined;
  /** The event behind which the log misses some, up to the latest one; undefined when it misses none. */
  #missingAfter: EventPosition | undefined;
  readonly #gatherMs: number;
  /** Runs while events are gathered for the next write, and none is under way. */
  #gathering: NodeJS.Timeout | undefined;
  /** Somebody waits for what is gathered. */
  #urgent = false;
  #written = 0;
  #skipped = 0;
  #damaged = 0;
  #closed = false;

  private constructor(
    options: DiskLogOptions,
    start: EventPosition,
    { segments, cuts }: OpenedFolder,
    unlock: () => void,
  ) {
    this.#options = options;
    this.#limits = { ...DISK_LIMITS, ...options.limits };
    this.#gatherMs = options.gatherMs ?? (options.sync === true ? 0 : GATHER_MS);
    this.epoch = start.epoch;
    this.cuts = cuts;
    this.#segments = segments;
    this.#unlock = unlock;
    this.#lastEpoch = start.epoch;
    this.#lastSeq = start.seq;
    this.#salt = (options.random ?? randomWord)() >>> 0;
    this.#reader = new DiskReader(segments, (segment, offset) => this.#noteDamage(segment, offset));
    const quarter = Math.max(LEAST_SEGMENT_BYTES, this.#limits.bytes / 4);
    this.#writer = new SegmentWriter({
      folder: options.folder,
      salt: this.#salt,
      sync: options.sync ?? false,
      segmentBytes: Math.min(options.segmentBytes ?? SEGMENT_BYTES, quarter),
      begun: (segment) => this.#segments.add(segment),
    });
    this.#filling = new RecordChunk(CHUNK_BYTES).begin(start.epoch);
  }

  /**
   * Opens the log of a folder, for a new run. Segments that were not completed are read through; what is not whole at their end is cut off, and
   * reported.
   * @throws FluxError EBUSY when another process uses the folder; the system's error when it can't be read or written.
   */
  static async open(options: DiskLogOptions): Promise<DiskLog> {
    const { folder } = options;
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const unlock = await lockFolder(folder);
      try {
        return await DiskLog.#open(options, unlock);
      } catch (error) {
        unlock();
        throw error;
      }
    } catch (error) {
      throw FluxError.from(error);
    }
  }

  static async #open(options: DiskLogOptions, unlock: () => void): Promise<DiskLog> {
    const opened = await openFolder(options.folder);
    const start = await beginRun(opened, options);
    const log = new DiskLog(options, start, opened, unlock);
    for (const { bytes, segment, reason } of opened.cuts)
      log.#report("warning", `${bytes} bytes of ${segment} are lost: ${reason}`);
    await log.#writer.begin({ epoch: start.epoch, seq: start.seq + 1 });
    await log.expire();
    return log;
  }

  /** What it keeps at most. */
  get limits(): DiskLimits {
    return this.#limits;
  }

  /** The oldest event it has, or the place of the first it will have. */
  get first(): EventPosition {
    const { epoch, first } = this.#segments.all[0]!;
    return { epoch, seq: first };
  }

  /** The latest event appended, whether it got into the log or not. */
  get last(): EventPosition {
    return { epoch: this.#lastEpoch, seq: this.#lastSeq };
  }

  /** True when it has segments of this epoch, or of a later one, once all that waits is written. */
  async has(epoch: number): Promise<boolean> {
    const isWritten = () => epoch <= this.#segments.all.at(-1)!.epoch;
    if (!isWritten()) await this.#settled();
    return isWritten();
  }

  get stats(): DiskStats {
    const { writes, syncs } = this.#writer;
    return {
      segments: this.#segments.all.length,
      bytes: this.#segments.bytes,
      events: this.#segments.events,
      written: this.#written,
      pendingBytes: this.#pendingBytes,
      skipped: this.#skipped,
      writes,
      syncs,
      cutBytes: this.cuts.reduce((sum, { bytes }) => sum + bytes, 0),
      damaged: this.#damaged,
      failure: this.#failure?.error.message ?? null,
    };
  }

  /**
   * Adds an event, which came at `timeMs`: its number is above that of the one before, or 1 behind 2^32 - 1, where the epoch after begins. Returns
   * before it is written; `flushed` tells when. If its frame stands somewhere already, at `span`, that saves time.
   */
  append(event: Message, timeMs: number, span?: EventSpan): void {
    const size = eventFrameBytes(event);
    this.#refused = this.#refusal(size);
    if (this.#refused !== undefined) {
      this.#missingAfter ??= this.last;
      this.#skipped++;
    } else if (this.#missingAfter !== undefined) this.#resume();
    const seq = event.aux1;
    if (seq === 1 && this.#lastSeq === LAST_SEQ) this.#lastEpoch++;
    this.#lastSeq = seq;
    if (this.#refused !== undefined) return;
    const epoch = this.#lastEpoch;
    if (this.#filling.epoch !== epoch || !this.#filling.fits(size)) this.#addChunk(epoch, size);
    const time = Math.max(timeMs, this.#latest);
    this.#latest = time;
    this.#filling.append(event, size, span, time, this.#salt);
    this.#pendingBytes += RECORD_HEAD_BYTES + size;
    if (this.#next === undefined) {
      this.#next = makeCommit();
      if (this.#current === undefined) this.#gather();
    }
  }

  /**
   * Resolves when everything appended so far is written, with `sync` when it is on the disk.
   * @throws FluxError with the system's error when the disk failed; ENOBUFS when more waits than may.
   */
  flushed(): Promise<void> {
    if (this.#refused !== undefined) return Promise.reject(this.#refused);
    this.#hurry();
    const commit = this.#next ?? this.#current;
    if (commit !== undefined) return commit.promise;
    return this.#failure === undefined ? Promise.resolve() : Promise.reject(this.#failure.error);
  }

  /**
   * Reads the events behind `after`; what it does not have of them is lost.
   * @throws FluxError EINVAL for an epoch above all; the system's error when the disk fails.
   */
  async read(after: EventPosition, options: ReadOptions = {}): Promise<EventBatch> {
    const tail = this.#segments.all.at(-1)!;
    const beyond = after.epoch > tail.epoch || (after.epoch === tail.epoch && after.seq >= tail.last);
    if (beyond) await this.#settled();
    return await this.#reader.read(after, options);
  }

  /** The position to read after for the events that came at `timeMs` or later. */
  async positionAt(timeMs: number): Promise<EventPosition> {
    await this.#settled();
    return (await this.#reader.positionAt(timeMs)) ?? this.last;
  }

  /** Removes what is over the limits; those of age need it also when no event comes. */
  async expire(): Promise<void> {
    for (const segment of this.#segments.outdated(this.#limits, this.#options.now())) {
      this.#segments.remove(segment);
      try {
        await rm(segment.path, { force: true });
      } catch (error) {
        this.#report("err", `can't remove ${nameOf(segment)}: ${FluxError.from(error).message}`);
      }
    }
  }

  /** Writes what waits, completes the segment and lets go of the folder. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#settled();
    // A run whose last write failed has its segment let go already. One that began elsewhere may go on there.
    const openEnd = this.#missingAfter !== undefined || this.#options.after !== undefined;
    await this.#writer.finish(openEnd).catch((error: unknown) => this.#reportFailure(FluxError.from(error)));
    await this.#writer.abandon();
    this.#unlock();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** When what waits is written, or has failed to be. */
  async #settled(): Promise<void> {
    this.#hurry();
    await (this.#next ?? this.#current)?.promise.catch(() => {});
  }

  /** Why an event whose frame takes `size` bytes can't be taken; undefined when it can. */
  #refusal(size: number): FluxError | undefined {
    if (this.#closed) return new FluxError("ECANCELED", "the event log is closed");
    if (this.#failure !== undefined) {
      if (this.#options.now() < this.#failure.retryAt) return this.#failure.error;
      this.#failure = undefined;
    }
    const most = this.#options.maxPendingBytes ?? PENDING_BYTES;
    if (this.#pendingBytes === 0 || this.#pendingBytes + size <= most) return undefined;
    if (this.#missingAfter === undefined)
      this.#report("warning", `the disk does not keep up: more than ${most} bytes wait, events go by`);
    return new FluxError("ENOBUFS", `more than ${most} bytes of events wait for the disk`);
  }

  #gather(): void {
    if (this.#gatherMs > 0) this.#gathering = setTimeout(() => this.#gathered(), this.#gatherMs);
    else setImmediate(() => void this.#run());
  }

  /** Writes what is gathered, unless a write is under way: then behind that. */
  #gathered(): void {
    if (this.#gathering === undefined) return;
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    void this.#run();
  }

  /** What is gathered is to be written without waiting for more. */
  #hurry(): void {
    this.#urgent = this.#next !== undefined;
    this.#gathered();
  }

  #addChunk(epoch: number, size: number): void {
    if (this.#filling.count > 0) this.#full.push(this.#filling);
    const bytes = RECORD_HEAD_BYTES + size;
    const spare = bytes <= CHUNK_BYTES ? this.#spares.pop() : undefined;
    this.#filling = (spare ?? new RecordChunk(Math.max(bytes, CHUNK_BYTES))).begin(epoch);
    if (this.#full.length > 0) this.#gathered();
  }

  /** Writes what waits, and what has come meanwhile if that can't wait for more. */
  async #run(): Promise<void> {
    do {
      const commit = this.#next!;
      this.#current = commit;
      this.#next = undefined;
      this.#urgent = false;
      if (this.#filling.count > 0) this.#addChunk(this.#filling.epoch, 0);
      const chunks = this.#full;
      this.#full = [];
      try {
        const segments = this.#segments.all.length;
        for (const chunk of chunks) await this.#writer.write(chunk);
        await this.#writer.commit();
        if (this.#segments.all.length > segments) await this.expire();
        for (const { count } of chunks) this.#written += count;
        this.#release(chunks);
        commit.resolve();
      } catch (error) {
        await this.#fail(FluxError.from(error), chunks, commit);
      }
    } while (this.#next !== undefined && this.#isDue);
    this.#current = undefined;
    if (this.#next !== undefined) this.#gather();
  }

  get #isDue(): boolean {
    return this.#gatherMs === 0 || this.#urgent || this.#full.length > 0;
  }

  #release(chunks: readonly RecordChunk[]): void {
    for (const chunk of chunks) {
      this.#pendingBytes -= chunk.used;
      if (chunk.bytes.length === CHUNK_BYTES && this.#spares.length < MOST_SPARES) this.#spares.push(chunk);
    }
  }

  /** The disk failed: what waits goes by, and so does what comes until it is tried again. */
  async #fail(error: FluxError, chunks: readonly RecordChunk[], commit: Commit): Promise<void> {
    await this.#writer.abandon();
    const waiting = [...chunks, ...this.#full, this.#filling].filter(({ count }) => count > 0);
    const { epoch, first } = waiting[0]!;
    this.#missingAfter = { epoch, seq: first - 1 };
    for (const { count } of waiting) this.#skipped += count;
    this.#full = [];
    this.#release(waiting);
    this.#filling = new RecordChunk(CHUNK_BYTES).begin(this.#lastEpoch);
    this.#failure = { error, retryAt: this.#options.now() + (this.#options.retryMs ?? 10_000) };
    this.#reportFailure(error);
    commit.reject(error);
    this.#next?.reject(error);
    this.#next = undefined;
  }

  /** The log goes on behind the latest event: says what is missing. */
  #resume(): void {
    const after = formatPosition(this.#missingAfter!);
    this.#missingAfter = undefined;
    this.#report("warning", `events behind ${after} up to ${formatPosition(this.last)} are not on disk`);
  }

  #noteDamage(segment: Segment, offset: number): void {
    this.#damaged++;
    this.#report("err", `${nameOf(segment)} is damaged at byte ${offset}`);
  }

  #reportFailure(error: FluxError): void {
    this.#report(
      "err",
      `can't write to ${this.#options.folder}: ${error.message}: events stay in memory only`,
    );
  }

  #report(level: DiskNotice["level"], text: string): void {
    this.#options.report?.({ level, text });
  }
}

function randomWord(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}
