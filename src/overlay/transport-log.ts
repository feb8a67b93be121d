import { type Log, type LogLevel, LogSummary } from "../client/index.ts";

/** Takes a line for the broker's log. */
export type TransportLog = Log;

/** Lines of one kind that were left out are counted in a line of their own after this time. */
export const QUIET_MS = 10_000;
/** Longest kind that is told apart from others, in UTF-16 units: a key and an address fit. */
const KIND_LENGTH = 256;

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
  readonly #summary: LogSummary;

  constructor(log: TransportLog, { quietMs = QUIET_MS, burst = 1 }: LimitedLogOptions = {}) {
    this.#summary = new LogSummary({
      write: (level, text) => log(level, text),
      intervalMs: quietMs,
      burst,
      summarize: (text, more) => `${text} (${more} more)`,
    });
  }

  /**
   * Writes `text`. Once as many lines of its `kind` were written as a burst has, the others are only counted, and their
   * number is written when the time is over.
   */
  note(text: string, kind: string = text, level: LogLevel = "err"): void {
    this.#summary.report(level, text, { kind: kind.slice(0, KIND_LENGTH) });
  }
}
