import { printable, TIMER_MAX_MS } from "../base/index.ts";
import type { LogLevel } from "./log-record.ts";

/** Whose doing a line of the log is: a client's, a refused stranger's, a peer's. */
export interface LogCause {
  /** What has happened, in words of the program alone: never with a topic, a name or an address that others choose. */
  readonly kind: string;
  /** The user who caused it. */
  readonly userid?: number | undefined;
  /** Who caused it, where that is no user: `rank 3`. Default the user; without either nobody in particular. */
  readonly who?: string | undefined;
  /** Further lines behind it, in words of the program alone: the places of a stack. */
  readonly details?: readonly string[] | undefined;
  /** Lines of this kind and cause that are written before they are counted; default that of the summary. */
  readonly burst?: number | undefined;
}

/** Takes a line for a log. One with a cause is counted instead when too many come: see LogSummary. */
export type Log = (level: LogLevel, text: string, cause?: LogCause) => void;

/** Time, as a summary sees it. */
export interface LogClock {
  /** Milliseconds that only grow. */
  now(): number;
  /** Calls `call` once after `ms` milliseconds, unless the returned function is called before. */
  after(ms: number, call: () => void): () => void;
}

export interface LogSummaryOptions {
  /** Takes what is to be logged. */
  readonly write: (level: LogLevel, text: string, appname?: string) => void;
  /** The line for `more` lines of a kind that were counted in `seconds`; default `KIND: … and 5,099 more of WHO in 60 s`. */
  readonly summarize?:
    | ((kind: string, more: number, who: string | undefined, seconds: number) => string)
    | undefined;
  /** Milliseconds between two summaries, 1 to 2,147,483,647; default 60,000. */
  readonly intervalMs?: number | undefined;
  /** Lines of one kind and cause that are written before they are counted, from 1; default 5. */
  readonly burst?: number | undefined;
  /** Lines of all kinds and causes that are written in an interval, besides summaries, from 1; default 64. */
  readonly maxLines?: number | undefined;
  /** Kinds and causes that are counted each for itself, from 1; those beyond are counted together. Default 256. */
  readonly maxKeys?: number | undefined;
  /** Summaries written at the end of an interval, from 1; the largest come first, the others are one. Default 16. */
  readonly maxSummaries?: number | undefined;
  /** Longest line, in UTF-16 units, from 16; default 1024. */
  readonly maxTextLength?: number | undefined;
  readonly clock?: LogClock | undefined;
}

/** The defaults. */
export const LOG_SUMMARY = {
  intervalMs: 60_000,
  burst: 5,
  maxLines: 64,
  maxKeys: 256,
  maxSummaries: 16,
  maxTextLength: 1024,
} as const;

type Settings = {
  readonly [K in keyof Omit<LogSummaryOptions, "clock">]-?: NonNullable<LogSummaryOptions[K]>;
};

/** Longest name of a cause, in UTF-16 units. */
const WHO_LENGTH = 64;

/** What is known of one kind of line and its cause. */
interface Entry {
  readonly kind: string;
  readonly who: string | undefined;
  readonly level: LogLevel;
  readonly appname: string | undefined;
  /** Lines that were written since the entry began. */
  written: number;
  /** Lines that were not written since the latest summary. */
  more: number;
}

/** The system's clock. Its timers keep no process alive. */
const SYSTEM_CLOCK: LogClock = {
  now: () => performance.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms) as ReturnType<typeof setTimeout> & { unref?: () => void };
    timer.unref?.();
    return () => clearTimeout(timer);
  },
};

/**
 * Lines of a log that others cause. The first few of a kind and a cause are written; further ones are counted, and a summary
 * tells once in an interval how many they were. A kind that goes on costs one line an interval; one that paused for
 * an interval begins anew. All is bounded, whatever others do, and nothing runs while nothing is counted.
 *
 * Owner: whoever writes the log. Ends with `close`, which writes the last summary.
 */
export class LogSummary {
  readonly #options: Settings;
  readonly #clock: LogClock;
  readonly #entries = new Map<string, Entry>();
  /** Lines in this interval that were written, and those for which there was no entry left. */
  #lines = 0;
  #others = 0;
  /** When the interval began. */
  #since = 0;
  #stopTimer: (() => void) | undefined;
  #closed = false;

  constructor(options: LogSummaryOptions) {
    const { write, summarize = summaryOf, clock = SYSTEM_CLOCK } = options;
    const { intervalMs = LOG_SUMMARY.intervalMs, burst = LOG_SUMMARY.burst } = options;
    const { maxLines = LOG_SUMMARY.maxLines, maxKeys = LOG_SUMMARY.maxKeys } = options;
    const { maxSummaries = LOG_SUMMARY.maxSummaries, maxTextLength = LOG_SUMMARY.maxTextLength } = options;
    if (!(intervalMs >= 1 && intervalMs <= TIMER_MAX_MS))
      throw new RangeError(`intervalMs is ${intervalMs}: it is 1 to ${TIMER_MAX_MS}`);
    this.#options = { write, intervalMs, burst, maxLines, maxKeys, maxSummaries, maxTextLength, summarize };
    this.#clock = clock;
  }

  /** Kinds and causes that are counted now. */
  get size(): number {
    return this.#entries.size;
  }

  /** Writes a line, or counts it. `appname` is the program that the record names; default that of `write`. */
  report(level: LogLevel, text: string, cause: LogCause, appname?: string): void {
    const { burst, maxLines, maxKeys } = this.#options;
    const { kind } = cause;
    const who = whoOf(cause);
    const key = who === undefined ? kind : `${kind}\0${who}`;
    if (this.#stopTimer === undefined) this.#begin();
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      if (this.#entries.size >= maxKeys) {
        this.#others++;
        return;
      }
      entry = { kind, who, level, appname, written: 0, more: 0 };
      this.#entries.set(key, entry);
    }
    if (entry.written >= (cause.burst ?? burst) || this.#lines >= maxLines) {
      entry.more++;
      return;
    }
    entry.written++;
    this.#lines++;
    this.#write(level, text, cause.details, appname);
  }

  /** Writes the summary of what was counted so far. */
  flush(): void {
    const seconds = Math.max(1, Math.round((this.#clock.now() - this.#since) / 1000));
    const counted = [...this.#entries.values()].filter(({ more }) => more > 0);
    counted.sort((a, b) => b.more - a.more);
    const { write, maxSummaries, summarize } = this.#options;
    for (const { kind, who, level, appname, more } of counted.slice(0, maxSummaries)) {
      write(level, printable(summarize(kind, more, who, seconds)), appname);
    }
    const rest = counted.slice(maxSummaries);
    const lines = rest.reduce((sum, { more }) => sum + more, this.#others);
    if (lines > 0)
      write(
        "err",
        `… and ${grouped(lines)} more of other kinds or causes in ${grouped(seconds)} s`,
        undefined,
      );
    // What goes on stays quiet; what has paused is written again when it comes back.
    for (const [key, entry] of this.#entries) {
      if (entry.more === 0) this.#entries.delete(key);
      else entry.more = 0;
    }
    this.#others = 0;
    this.#lines = 0;
    this.#since = this.#clock.now();
  }

  /** Writes the last summary; lines that are reported later are written or counted, and counted ones are lost. */
  close(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    if (!this.#closed) this.flush();
    this.#closed = true;
  }

  #begin(): void {
    if (this.#closed) return;
    this.#since = this.#clock.now();
    this.#arm();
  }

  #arm(): void {
    this.#stopTimer = this.#clock.after(this.#options.intervalMs, () => {
      this.#stopTimer = undefined;
      this.flush();
      if (this.#entries.size > 0) this.#arm();
    });
  }

  #write(level: LogLevel, text: string, details: readonly string[] = [], appname?: string): void {
    const { write, maxTextLength } = this.#options;
    const cut = text.length > maxTextLength ? `${text.slice(0, maxTextLength - 1)}…` : text;
    write(level, [printable(cut), ...details].join("\n"), appname);
  }
}

function summaryOf(kind: string, more: number, who: string | undefined, seconds: number): string {
  const of = who === undefined ? "" : ` of ${who}`;
  return `${kind}: … and ${grouped(more)} more${of} in ${grouped(seconds)} s`;
}

function whoOf({ who, userid }: LogCause): string | undefined {
  if (who !== undefined) return who.slice(0, WHO_LENGTH);
  return userid === undefined ? undefined : `user ${userid}`;
}

/** A number with a comma before each three digits. */
function grouped(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}
