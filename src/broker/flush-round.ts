/**
 * Flushes of one turn of the event loop, run together at its end, so that what many clients sent in one turn leaves to each receiver in one
 * system call. A flush may schedule further ones; they run in the same round.
 */
export class FlushRound {
  readonly #flushes: (() => void)[] = [];
  readonly #run = (): void => {
    try {
      for (let i = 0; i < this.#flushes.length; i++) this.#flushes[i]!();
    } finally {
      this.#flushes.length = 0;
    }
  };

  readonly schedule = (flush: () => void): void => {
    if (this.#flushes.push(flush) === 1) setImmediate(this.#run);
  };
}
