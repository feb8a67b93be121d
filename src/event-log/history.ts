import { FluxError } from "../base/index.ts";
import { comparePositions, type EventPosition, formatPosition } from "../message/index.ts";
import type { DiskLog } from "./disk-log.ts";
import {
  BatchBuilder,
  type EventBatch,
  type ReadOptions,
  readLimits,
  type SeqRange,
  unknownBatch,
} from "./event-batch.ts";
import type { EventRing } from "./event-ring.ts";

/**
 * Where to begin reading: behind a position; behind a number of the present epoch, or of the one before if that came to the end of 32 bits; with what came at a time (milliseconds since 1970) or later; with
 * the oldest event there is; with the next one to come.
 */
export type Since =
  | { readonly epoch: number; readonly seq: number }
  | { readonly seq: number }
  | { readonly time: number }
  | "begin"
  | "now";

/** All events a rank can still give: those of its ring, and behind them those of its log on disk, if it has one. */
export class EventHistory {
  readonly #ring: EventRing;
  readonly #disk: DiskLog | undefined;

  constructor(ring: EventRing, disk?: DiskLog) {
    this.#ring = ring;
    this.#disk = disk;
  }

  /** The oldest event it can tell anything about. */
  get first(): EventPosition {
    const ring = this.#ring.first;
    const disk = this.#disk?.first;
    return disk !== undefined && comparePositions(disk, ring) < 0 ? disk : ring;
  }

  /** The latest event. */
  get last(): EventPosition {
    return this.#ring.last;
  }

  /** True when it knows about each event behind `position`: there, or never had by anybody. */
  covers(position: EventPosition): boolean {
    const { epoch, seq } = this.first;
    return this.#ring.covers(position) || comparePositions(position, { epoch, seq: seq - 1 }) >= 0;
  }

  /**
   * The position to read behind.
   * @throws FluxError EINVAL for one that has not come yet: a number above the last of the present epoch, an epoch above it.
   */
  resolve(since: Since): EventPosition | Promise<EventPosition> {
    const { epoch, seq } = this.last;
    if (since === "now") return this.last;
    if (since === "begin") return { epoch: this.first.epoch, seq: this.first.seq - 1 };
    if ("time" in since) return this.#atTime(since.time);
    const named = "epoch" in since ? since.epoch : this.#ring.epochOf(since.seq);
    const position = { epoch: named, seq: since.seq };
    if (comparePositions(position, { epoch, seq }) <= 0) return position;
    throw new FluxError(
      "EINVAL",
      `event ${formatPosition(position)} has not come yet: the last is ${formatPosition(this.last)}`,
    );
  }

  /**
   * Reads behind `position`: at once what the ring has, what the disk has as a promise. What neither has any more is lost. A batch is of one epoch;
   * `next` says where to go on, in the epoch after when this one has ended.
   */
  read(position: EventPosition, options: ReadOptions = {}): EventBatch | Promise<EventBatch> {
    const batch = this.#ring.read(position, options);
    if (batch !== undefined) return batch;
    return this.#disk === undefined
      ? this.#withoutDisk(position, options)
      : this.#fromDisk(this.#disk, position, options);
  }

  #atTime(timeMs: number): EventPosition | Promise<EventPosition> {
    if (this.#disk === undefined || this.#ring.oldestTime < timeMs) return this.#ring.positionAt(timeMs);
    return this.#disk.positionAt(timeMs);
  }

  async #fromDisk(disk: DiskLog, position: EventPosition, options: ReadOptions): Promise<EventBatch> {
    // An epoch that only the ring has is one during which the disk failed.
    const isMissing = position.epoch <= this.#ring.epoch && !(await disk.has(position.epoch));
    const batch = isMissing ? this.#withoutDisk(position, options) : await disk.read(position, options);
    // The disk may have missed events, the ring may have forgotten them: then there is no more before what the ring has.
    const stuck = !batch.ended && batch.through === position.seq && this.#ring.read(position) === undefined;
    return stuck ? this.#withoutDisk(position, options) : batch;
  }

  /** The batch for a position that the ring does not reach back to: what it does not have is lost. */
  #withoutDisk(position: EventPosition, options: ReadOptions): EventBatch {
    const { epoch, seq } = this.#ring.first;
    if (position.epoch > this.#ring.epoch)
      throw new FluxError("EINVAL", `epoch ${position.epoch} has not come yet`);
    if (position.epoch !== epoch) return unknownBatch(position, this.#ring.epochAfter(position.epoch)!);
    const builder = new BatchBuilder(readLimits(options));
    const through = Math.min(seq - 1, Math.max(position.seq, builder.limits.through));
    const lost: SeqRange[] = through > position.seq ? [[position.seq + 1, through]] : [];
    return builder.build(epoch, through, { lost });
  }
}
