import type { LogLevel } from "../client/index.ts";

/** Takes a line for the broker's log. */
export type TransportLog = (level: LogLevel, text: string) => void;

/** A line is written again after this time at the earliest, however often its cause comes back. */
const QUIET_MS = 10_000;
/** Texts that are remembered; then all are forgotten. */
const MOST_TEXTS = 256;

/** Lines about peers that are turned away: whoever knocks often must not flood the log, and each is counted there. */
export class RefusalLog {
  readonly #log: TransportLog;
  readonly #quietMs: number;
  /** Texts that were written a short time ago, and how often they would have been since. */
  readonly #seen = new Map<string, { more: number }>();

  constructor(log: TransportLog, quietMs = QUIET_MS) {
    this.#log = log;
    this.#quietMs = quietMs;
  }

  /** Writes `text` at level err; when it was written less than 10 s ago, how often it came meanwhile is written once these are over. */
  note(text: string): void {
    const seen = this.#seen.get(text);
    if (seen !== undefined) {
      seen.more++;
      return;
    }
    if (this.#seen.size >= MOST_TEXTS) this.#seen.clear();
    this.#write(text, text);
  }

  #write(text: string, line: string): void {
    const seen = { more: 0 };
    this.#seen.set(text, seen);
    this.#log("err", line);
    const later = setTimeout(() => {
      if (this.#seen.get(text) === seen) this.#seen.delete(text);
      if (seen.more > 0) this.#write(text, `${text} (${seen.more} more)`);
    }, this.#quietMs);
    later.unref();
  }
}
