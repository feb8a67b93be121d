import type { EventPosition } from "../message/index.ts";
import type { Segment } from "./segment.ts";

/** What a log on disk keeps at most; beyond it the oldest segments go, whole, but never the one that is written to. */
export interface DiskLimits {
  /** Number of events: no limit. */
  readonly events: number;
  /** Bytes of the segments: 1 GiB. */
  readonly bytes: number;
  /** How long ago the last event of a segment came, in milliseconds: no limit. */
  readonly ageMs: number;
}

export const DISK_LIMITS: DiskLimits = {
  events: Number.POSITIVE_INFINITY,
  bytes: 1024 * 1024 * 1024,
  ageMs: Number.POSITIVE_INFINITY,
};

/** The segments of a log, the oldest first. */
export class SegmentList {
  readonly #segments: Segment[] = [];

  get all(): readonly Segment[] {
    return this.#segments;
  }

  /** Adds one that is behind all others. */
  add(segment: Segment): void {
    this.#segments.push(segment);
  }

  remove(segment: Segment): void {
    this.#segments.splice(this.#segments.indexOf(segment), 1);
  }

  /** The segments of an epoch that may hold events behind `seq`, or lead to what comes then. */
  behind({ epoch, seq }: EventPosition): readonly Segment[] {
    const ofEpoch = this.#segments.filter((segment) => segment.epoch === epoch);
    const from = ofEpoch.findLastIndex((segment) => segment.first <= seq + 1);
    return from > 0 ? ofEpoch.slice(from) : ofEpoch;
  }

  /** The first epoch above this one; undefined when it is the last. */
  epochAfter(epoch: number): number | undefined {
    return this.#segments.find((segment) => segment.epoch > epoch)?.epoch;
  }

  get events(): number {
    return this.#segments.reduce((sum, { events }) => sum + events, 0);
  }

  get bytes(): number {
    return this.#segments.reduce((sum, { size }) => sum + size, 0);
  }

  /** The segments that are to go for the limits. */
  outdated(limits: DiskLimits, now: number): Segment[] {
    const outdated: Segment[] = [];
    let { events, bytes } = this;
    for (const segment of this.#segments.slice(0, -1)) {
      // One without events tells only that some may have come behind those of the segment before.
      const old = segment.events === 0 || segment.lastTime < now - limits.ageMs;
      if (!old && events <= limits.events && bytes <= limits.bytes) break;
      events -= segment.events;
      bytes -= segment.size;
      outdated.push(segment);
    }
    return outdated;
  }
}
