import type { Writable } from "node:stream";
import { FluxError } from "../base/index.ts";

/**
 * What a process reads from one channel: bytes wait here, a known number at most, until the process has taken them. What it does not want to read
 * any more is dropped and counts as taken.
 */
export class InputChannel {
  /** Bytes that fit in all. */
  readonly size: number;
  readonly #stream: Writable;
  readonly #onCredit: (bytes: number) => void;
  readonly #onEnd: () => void;
  #queued = 0;
  #taken = 0;
  #ended = false;

  /** `onCredit` hears how many more bytes fit; `onEnd` that all is written and the end was passed on. */
  constructor(stream: Writable, size: number, onCredit: (bytes: number) => void, onEnd: () => void) {
    this.#stream = stream;
    this.size = size;
    this.#onCredit = onCredit;
    this.#onEnd = onEnd;
    stream.on("error", () => {});
  }

  /** Queues bytes. Throws EPIPE behind the end, ENOSPC when they don't fit. */
  write(data: Uint8Array): void {
    if (this.#ended) throw new FluxError("EPIPE");
    if (this.#queued + data.length > this.size) throw new FluxError("ENOSPC");
    this.#queued += data.length;
    if (!this.#stream.writable) this.#took(data.length);
    else this.#stream.write(data, () => this.#took(data.length));
  }

  /** Passes the end on behind what is queued; again it does nothing. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (!this.#stream.writable) this.#onEnd();
    else this.#stream.end(() => this.#onEnd());
  }

  /** Several writes that finish together make one credit. */
  #took(bytes: number): void {
    this.#queued -= bytes;
    if (this.#taken === 0) {
      process.nextTick(() => {
        const taken = this.#taken;
        this.#taken = 0;
        if (!this.#ended) this.#onCredit(taken);
      });
    }
    this.#taken += bytes;
  }
}
