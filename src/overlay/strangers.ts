/** Answers that one peer gets within `WINDOW_MS`. */
export const MOST_ANSWERS = 16;
export const WINDOW_MS = 10_000;
/** Peers that are remembered; then all are forgotten. */
export const MOST_PEERS = 1024;

/**
 * How often peers were answered that are no children (yet). A peer that goes on sending gets no more answers than it
 * can need: they would pile up for one that does not read.
 */
export class Strangers {
  readonly #now: () => number;
  readonly #answered = new Map<string, { count: number; readonly since: number }>();
  /** Messages that were dropped without an answer. */
  ignored = 0;

  /** `now` gives milliseconds that only grow. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** True when `peer` may be answered (again), which is counted. */
  mayAnswer(peer: string): boolean {
    const now = this.#now();
    const before = this.#answered.get(peer);
    if (before !== undefined && now - before.since < WINDOW_MS) {
      if (before.count < MOST_ANSWERS) {
        before.count++;
        return true;
      }
      this.ignored++;
      return false;
    }
    if (this.#answered.size >= MOST_PEERS) this.#answered.clear();
    this.#answered.set(peer, { count: 1, since: now });
    return true;
  }
}
