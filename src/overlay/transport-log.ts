import type { LogLevel } from "../client/index.ts";

/** Takes a line for the broker's log. */
export type TransportLog = (level: LogLevel, text: string) => void;

/** A line is written again after this time at the earliest, however often its cause comes back. */
const QUIET_MS = 10_000;
/** Texts that are remembered; then all are forgotten. */
const MOST_TEXTS = 256;

/** Lines about peers that are turned away: whoever knocks often must not flood the log. */
export class RefusalLog {
  readonly #log: TransportLog;
  readonly #now: () => number;
  readonly #seen = new Map<string, { at: number; more: number }>();

  /** `now` tells milliseconds that only grow. */
  constructor(log: TransportLog, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  /** Writes `text` at level err, or counts it when it was written less than 10 s ago. */
  note(text: string): void {
    const now = this.#now();
    const seen = this.#seen.get(text);
    if (seen !== undefined && now - seen.at < QUIET_MS) {
      seen.more++;
      return;
    }
    if (this.#seen.size >= MOST_TEXTS) this.#seen.clear();
    this.#seen.set(text, { at: now, more: 0 });
    this.#log("err", seen === undefined || seen.more === 0 ? text : `${text} (${seen.more} more before)`);
  }
}
