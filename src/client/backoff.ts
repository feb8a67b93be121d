import { FluxError } from "../base/index.ts";

/** How a lost connection is made again. */
export interface ReconnectOptions {
  /** Wait before the first try, in milliseconds; it doubles with each. Default 16. */
  readonly delayMs?: number | undefined;
  /** Longest wait, in milliseconds. Default 2000. */
  readonly maxDelayMs?: number | undefined;
  /** Tries before giving up; default: no end. */
  readonly maxAttempts?: number | undefined;
}

/** The waits between tries: doubling, each shortened by up to a quarter at random so that many clients don't come back at once. */
export class Backoff {
  readonly #maxDelayMs: number;
  readonly #maxAttempts: number;
  readonly #random: () => number;
  #delayMs: number;
  #attempts = 0;

  constructor(options: ReconnectOptions, random: () => number = Math.random) {
    this.#delayMs = options.delayMs ?? 16;
    this.#maxDelayMs = options.maxDelayMs ?? 2000;
    this.#maxAttempts = options.maxAttempts ?? Number.POSITIVE_INFINITY;
    this.#random = random;
  }

  /** Waits for the time of the next try; rejects with ECANCELED when `signal` fires. Without `keepsAlive` the process may end meanwhile. */
  wait(signal: AbortSignal, keepsAlive: boolean): Promise<void> {
    const delayMs = this.#delayMs * (1 - this.#random() / 4);
    this.#delayMs = Math.min(this.#delayMs * 2, this.#maxDelayMs);
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        clearTimeout(timer);
        reject(FluxError.from(signal.reason, "ECANCELED"));
      };
      const timer = setTimeout(() => {
        signal.removeEventListener("abort", abort);
        resolve();
      }, delayMs);
      // Only Node's timers have it.
      if (!keepsAlive) (timer as { unref?(): void }).unref?.();
      if (signal.aborted) abort();
      else signal.addEventListener("abort", abort, { once: true });
    });
  }

  /** Counts a try that failed; throws its error when it was the last. */
  failed(error: FluxError): void {
    this.#attempts++;
    if (this.#attempts >= this.#maxAttempts) throw error;
  }
}
