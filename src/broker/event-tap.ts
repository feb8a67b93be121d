import type { FrameLink } from "../connector/index.ts";
import { Framer, type Message } from "../message/index.ts";

/** A connection that leads to a function: how the broker itself hears of events. */
export class EventTap implements FrameLink {
  readonly queuedBytes = 0;
  readonly #take: (event: Message) => void;

  constructor(take: (event: Message) => void) {
    this.#take = take;
  }

  start(): void {}

  forward(message: Message): void {
    this.#take(message);
  }

  sendEncoded(frames: Uint8Array): void {
    new Framer({ maxFrameBytes: Number.POSITIVE_INFINITY }).push(frames, (message) => this.#take(message));
  }

  sendCopy(bytes: Uint8Array, start: number, end: number): void {
    this.sendEncoded(bytes.slice(start, end));
  }

  writable(): undefined {}

  async end(): Promise<void> {}

  destroy(): void {}
}
