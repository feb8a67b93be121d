/**
 * Waits between looks at who is still there: ZeroMQ may tell that a connection ended before it has let go of the peer. The first is also the
 * shortest time between two looks, however often connections come and go.
 */
const WAITS_MS = [20, 100, 500];

/** Looks whether the peers of a socket are still there when one of its connections has ended, of which it is not told whose it was. */
export class PeerCheck {
  readonly #look: () => void;
  #timer: NodeJS.Timeout | undefined;
  #earliest = Number.NEGATIVE_INFINITY;
  #closed = false;

  /** `look` finds out who is gone. */
  constructor(look: () => void) {
    this.#look = look;
  }

  /** A connection has ended: looks at once, and a few times more within a second. */
  ended(): void {
    if (!this.#closed) this.#later(this.#earliest - performance.now(), 0);
  }

  /** Looks no more. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #later(ms: number, round: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#earliest = performance.now() + WAITS_MS[0]!;
      const wait = WAITS_MS[round];
      if (wait !== undefined) this.#later(wait, round + 1);
      this.#look();
    }, ms);
  }
}
