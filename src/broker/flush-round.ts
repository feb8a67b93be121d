/**
 * Flushes of one turn of the event loop, run together at its end, so that what many clients sent in one turn leaves to each receiver in one
 * system call.
 */
export class FlushRound {
  #flushes: (() => void)[] = [];
  readonly #run = (): void => {
    const flushes = this.#flushes;
    this.#flushes = [];
    for (const flush of flushes) flush();
  };

  readonly schedule = (flush: () => void): void => {
    if (this.#flushes.push(flush) === 1) setImmediate(this.#run);
  };
}
