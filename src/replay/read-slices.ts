import { SLICE_MS } from "../base/index.ts";

/** Most readers that go on in one turn. */
const MOST_A_TURN = 256;

/**
 * Lets many readers of a log go on by turns, so that others have the event loop between them. Readers get `sliceMs` of a turn of the
 * event loop together; beyond it they wait in order, and some of them go on in each further turn: twice as many as in the turn before
 * when that was shorter than `sliceMs`, half as many when it was longer.
 */
export class ReadSlices {
  readonly #sliceMs: number;
  readonly #idle: () => void;
  readonly #waiting = new Set<() => void>();
  /** When the first reader of this turn went on; undefined when none has. */
  #since: number | undefined;
  /** Readers that go on in a turn. */
  #width = 1;

  /**
   * @param sliceMs - time of one turn for all readers, in milliseconds; default 5
   * @param idle - called when readers have read and none waits
   */
  constructor(sliceMs = SLICE_MS, idle: () => void = () => {}) {
    this.#sliceMs = sliceMs;
    this.#idle = idle;
  }

  /** Readers that wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** True while readers may go on in this turn. One that goes on in its turn asks again: those before it may have used the time up. */
  get hasTime(): boolean {
    return this.#since === undefined || performance.now() - this.#since < this.#sliceMs;
  }

  /** A reader is about to read: undefined when it may at once, else a promise for its turn. */
  enter(): Promise<void> | undefined {
    const now = performance.now();
    if (this.#since === undefined) {
      this.#since = now;
      setImmediate(this.#turn);
    }
    if (this.#waiting.size === 0 && now - this.#since < this.#sliceMs) return undefined;
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  readonly #turn = (): void => {
    if (this.#waiting.size === 0) {
      this.#since = undefined;
      this.#width = 1;
      this.#idle();
      return;
    }
    const now = performance.now();
    const isLong = now - this.#since! >= this.#sliceMs;
    this.#width = isLong ? Math.ceil(this.#width / 2) : Math.min(MOST_A_TURN, 2 * this.#width);
    this.#since = now;
    setImmediate(this.#turn);
    let left = this.#width;
    for (const next of this.#waiting) {
      this.#waiting.delete(next);
      next();
      if (--left === 0) return;
    }
  };
}
