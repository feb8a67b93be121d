import type { Readable } from "node:stream";
import type { LineBuffer } from "./line-buffer.ts";

/**
 * Takes a piece of output, or undefined for its end. May return a promise while there is no room for more where it goes to.
 */
export type TakeOutput = (data: Uint8Array | undefined) => Promise<void> | undefined;

/** What a process writes to one channel, piece by piece; while there is no room for it, the process is not read from. */
export class OutputChannel {
  readonly #stream: Readable;
  readonly #buffer: LineBuffer;
  readonly #take: TakeOutput;
  #waiting = false;
  #ended = false;

  constructor(stream: Readable, buffer: LineBuffer, take: TakeOutput) {
    this.#stream = stream;
    this.#buffer = buffer;
    this.#take = take;
    stream.on("data", (chunk: Uint8Array) => {
      buffer.push(chunk);
      this.#pump();
    });
    const end = (): void => {
      buffer.end();
      this.#pump();
    };
    stream.on("end", end);
    // A stream that failed or was destroyed says so with `close` only.
    stream.on("close", end);
    stream.on("error", () => {});
  }

  /** True when its end was given away. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Ends it here, whatever the process does: what was read is still given away. */
  end(): void {
    this.#stream.destroy();
    this.#buffer.end();
    this.#pump();
  }

  #pump(): void {
    while (!this.#waiting && !this.#ended) {
      const piece = this.#buffer.take();
      if (piece === undefined && !this.#buffer.finished) break;
      if (piece === undefined) this.#ended = true;
      const room = this.#take(piece);
      if (room !== undefined) {
        this.#waiting = true;
        void room.then(() => {
          this.#waiting = false;
          this.#stream.resume();
          this.#pump();
        });
      }
    }
    if (this.#waiting) this.#stream.pause();
  }
}
