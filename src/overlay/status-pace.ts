import type { SubtreeStatus } from "./subtree-status.ts";

/** Changes of one child that take effect at once in `WINDOW_MS`; what comes then waits for the end of that time. */
export const MOST_CHANGES = 32;
export const WINDOW_MS = 1000;

export interface StatusPaceOptions {
  readonly now: () => number;
  /** Calls `call` once after `ms` milliseconds. */
  readonly after: (ms: number, call: () => void) => void;
  /** Takes the latest status of a child that had to wait. */
  readonly apply: (rank: number, status: SubtreeStatus) => void;
}

/**
 * How often children may change the status of their subtree: each change is passed on to everybody who follows the
 * health of the tree, up to rank 0. A child that changes it more often has the latest one only.
 */
export class StatusPace {
  readonly #options: StatusPaceOptions;
  readonly #children = new Map<
    number,
    { since: number; count: number; waiting: SubtreeStatus | undefined }
  >();

  constructor(options: StatusPaceOptions) {
    this.#options = options;
  }

  /** True when a status of a child takes effect now; else it does later, unless another comes. */
  take(rank: number, status: SubtreeStatus): boolean {
    const { now, after, apply } = this.#options;
    const child = this.#children.get(rank);
    if (child === undefined || now() - child.since >= WINDOW_MS) {
      this.#children.set(rank, { since: now(), count: 1, waiting: undefined });
      return true;
    }
    if (child.count < MOST_CHANGES) {
      child.count++;
      return true;
    }
    if (child.waiting === undefined)
      after(WINDOW_MS, () => {
        const latest = child.waiting;
        child.waiting = undefined;
        if (latest !== undefined) apply(rank, latest);
      });
    child.waiting = status;
    return false;
  }

  /** The child is no child any more, or a new one: what waits is of no use. */
  forget(rank: number): void {
    const child = this.#children.get(rank);
    if (child !== undefined) child.waiting = undefined;
    this.#children.delete(rank);
  }
}
