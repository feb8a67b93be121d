/** Signals that are passed on to the command. */
const SIGNALS = ["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2"] as const;

/** Signals a terminal sends to the whole foreground: the command has them already. */
const FROM_TERMINAL: ReadonlySet<string> = new Set(["SIGINT", "SIGQUIT"]);

/** Passes signals on, once there is someone to pass them to. */
export class SignalRelay {
  /** Aborted by a signal that comes before there is a command. */
  readonly early: AbortSignal;
  /** The signal that came first, before there was a command. */
  first: NodeJS.Signals | undefined;
  readonly #early = new AbortController();
  #target: ((signal: NodeJS.Signals) => void) | undefined;
  readonly #take = (signal: NodeJS.Signals): void => {
    if (this.#target === undefined) {
      this.first ??= signal;
      this.#early.abort();
    } else if (!(process.stdin.isTTY && FROM_TERMINAL.has(signal))) this.#target(signal);
  };

  constructor() {
    this.early = this.#early.signal;
    for (const signal of SIGNALS) process.on(signal, this.#take);
  }

  to(target: (signal: NodeJS.Signals) => void): void {
    this.#target = target;
  }

  close(): void {
    for (const signal of SIGNALS) process.off(signal, this.#take);
  }
}
