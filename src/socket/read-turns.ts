/** Bytes that were read and wait for their turn, or a connection that can be told to stop reading. */
export interface TurnReader {
  /** Handles bytes that were read; they are lent, as by the socket itself. */
  handle(chunk: Uint8Array): void;
  /** Stops reading: nothing more comes until `resume`. */
  pause(): void;
  /** Goes on reading. */
  resume(): void;
}

/** Default of `budgetMs`. */
export const TURN_MS = 10;

export interface ReadTurnsOptions {
  /** Time of one turn of the event loop for all readers together, in milliseconds. Default 10; 1 to 1,000. */
  readonly budgetMs?: number | undefined;
  /** Milliseconds of a monotonic clock; default performance.now. */
  readonly now?: (() => number) | undefined;
  /** Runs a function in the next turn of the event loop; default setImmediate. */
  readonly nextTurn?: ((run: () => void) => void) | undefined;
}

interface Waiting {
  readonly reader: TurnReader;
  readonly chunk: Uint8Array;
}

/**
 * Shares the event loop between readers and everybody else.
 *
 * All connections that are ready at once are read in one turn of the event loop, however many there are
 * and however long their messages take. Those that read through the same ReadTurns get `budgetMs` of a
 * turn together. Beyond it a reader pauses with the bytes it has read, up to 64 KiB, and goes on in a
 * later turn, first come first served. What has begun is finished, so a turn may be one reader longer.
 */
export class ReadTurns {
  readonly #budgetMs: number;
  readonly #now: () => number;
  readonly #nextTurn: (run: () => void) => void;
  #waiting: Waiting[] = [];
  #spentMs = 0;
  #armed = false;

  constructor({ budgetMs = TURN_MS, now, nextTurn }: ReadTurnsOptions = {}) {
    this.#budgetMs = budgetMs;
    this.#now = now ?? (() => performance.now());
    this.#nextTurn = nextTurn ?? ((run) => void setImmediate(run));
  }

  /** Readers that wait for their turn. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Lets `reader` handle `chunk`, now or in a later turn. Until then it must not give another. */
  take(reader: TurnReader, chunk: Uint8Array): void {
    if (this.#spentMs < this.#budgetMs && this.#waiting.length === 0) {
      this.#handle(reader, chunk);
      return;
    }
    reader.pause();
    this.#waiting.push({ reader, chunk: chunk.slice() });
    this.#arm();
  }

  /** Takes the bytes of a reader that is about to end out of the queue; undefined when none wait. */
  withdraw(reader: TurnReader): Uint8Array | undefined {
    const index = this.#waiting.findIndex((waiting) => waiting.reader === reader);
    return index < 0 ? undefined : this.#waiting.splice(index, 1)[0]!.chunk;
  }

  #handle(reader: TurnReader, chunk: Uint8Array): void {
    const start = this.#now();
    try {
      reader.handle(chunk);
    } finally {
      this.#spentMs += this.#now() - start;
      this.#arm();
    }
  }

  #arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    this.#nextTurn(this.#turn);
  }

  readonly #turn = (): void => {
    this.#armed = false;
    this.#spentMs = 0;
    while (this.#spentMs < this.#budgetMs) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#handle(next.reader, next.chunk);
      next.reader.resume();
    }
    this.#arm();
  };
}
