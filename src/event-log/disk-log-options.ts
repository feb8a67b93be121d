import type { EventPosition } from "../message/index.ts";
import type { DiskLimits } from "./segment-list.ts";

/** Something that whoever runs the broker should know. */
export interface DiskNotice {
  readonly level: "err" | "warning" | "info";
  readonly text: string;
}

export interface DiskLogOptions {
  /** Where the segments are; made when it is not there. One process at a time. */
  readonly folder: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** `flushed` means that the events are on the disk, not only with the kernel: false. */
  readonly sync?: boolean | undefined;
  /**
   * Events are gathered this long for a write, in milliseconds, unless they fill a chunk before or somebody waits for them: 10; 0 with `sync`. From 0 on; a
   * crash takes those that are not written.
   */
  readonly gatherMs?: number | undefined;
  /** A run that began elsewhere, and how far it has come: the log goes on with its epoch. Default: a new run, from number 1 on. */
  readonly after?: EventPosition | undefined;
  /** A segment takes no more bytes than this, but at least one chunk of records: 64 MiB, and a quarter of the limit at most. */
  readonly segmentBytes?: number | undefined;
  readonly limits?: Partial<DiskLimits> | undefined;
  /** Most bytes that wait to be written: 64 MiB. An event beyond it does not get into the log. */
  readonly maxPendingBytes?: number | undefined;
  /** After a failure the disk is tried again so many milliseconds later: 10,000. */
  readonly retryMs?: number | undefined;
  /** A number of 32 bits nobody can guess. */
  readonly random?: (() => number) | undefined;
  /** Hears of what is lost or damaged. It must not append. */
  readonly report?: ((notice: DiskNotice) => void) | undefined;
}

export interface DiskStats {
  readonly segments: number;
  readonly bytes: number;
  readonly events: number;
  /** Events appended in this run that are written; that wait; that did not get into the log. */
  readonly written: number;
  readonly pendingBytes: number;
  readonly skipped: number;
  readonly writes: number;
  readonly syncs: number;
  /** Bytes that were cut off segments of earlier runs when the log was opened. */
  readonly cutBytes: number;
  /** Places where bytes were found that are no record. */
  readonly damaged: number;
  /** Why nothing is written now; null when all is well. */
  readonly failure: string | null;
}
