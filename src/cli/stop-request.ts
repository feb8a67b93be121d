/** Signals that end a broker in good order. */
const STOP_SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

/** Waits for the word to stop: a signal, or the end of standard input. */
export class StopRequest implements Disposable {
  readonly requested: Promise<void>;
  readonly #readsInput: boolean;

  constructor(exitOnEof: boolean) {
    this.#readsInput = exitOnEof;
    this.requested = new Promise((resolve) => {
      for (const signal of STOP_SIGNALS) process.once(signal, () => resolve());
      if (exitOnEof) process.stdin.once("end", resolve).once("error", resolve).resume();
    });
  }

  /** Standard input keeps the process no longer. */
  [Symbol.dispose](): void {
    if (this.#readsInput) process.stdin.destroy();
  }
}
