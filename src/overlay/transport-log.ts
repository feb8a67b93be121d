import type { LogLevel } from "../client/index.ts";

/** Takes a line for the broker's log. */
export type TransportLog = (level: LogLevel, text: string) => void;

/** Lines of one kind that were left out are counted in a line of their own after this time. */
const QUIET_MS = 10_000;
/** Kinds that are remembered; then all are forgotten. */
const MOST_KINDS = 256;

export interface LimitedLogOptions {
  /** Time in which lines of one kind are counted instead of written, in milliseconds; default 10,000. */
  readonly quietMs?: number | undefined;
  /** Lines of one kind that are written in that time before the others are counted; default 1. */
  readonly burst?: number | undefined;
}

/**
 * Lines about peers that are refused or send what is malformed: a peer that does so often must not flood the log. The
 * lines that are left out are counted there.
 */
export class LimitedLog {
  readonly #log: TransportLog;
  readonly #quietMs: number;
  readonly #burst: number;
  /** Kinds that were written a short time ago, and how often they would have been since. */
  readonly #seen = new Map<string, { lines: number; more: number }>();

  constructor(log: TransportLog, { quietMs = QUIET_MS, burst = 1 }: LimitedLogOptions = {}) {
    this.#log = log;
    this.#quietMs = quietMs;
    this.#burst = burst;
  }

  /**
   * Writes `text`. Once as many lines of its `kind` were written as a burst has, the others are only counted, and their
   * number is written when the time is over.
   */
  note(text: string, kind: string = text, level: LogLevel = "err"): void {
    const seen = this.#seen.get(kind);
    if (seen === undefined) {
      if (this.#seen.size >= MOST_KINDS) this.#seen.clear();
      this.#write(level, kind, text, text);
    } else if (seen.lines < this.#burst) {
      seen.lines++;
      this.#log(level, text);
    } else seen.more++;
  }

  #write(level: LogLevel, kind: string, text: string, line: string): void {
    const seen = { lines: 1, more: 0 };
    this.#seen.set(kind, seen);
    this.#log(level, line);
    const later = setTimeout(() => {
      if (this.#seen.get(kind) === seen) this.#seen.delete(kind);
      if (seen.more > 0) this.#write(level, kind, text, `${text} (${seen.more} more)`);
    }, this.#quietMs);
    later.unref();
  }
}
