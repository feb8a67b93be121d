import { ByteSink, copyBytes, EMPTY, FluxError } from "../base/index.ts";
import { Framer, type Message } from "../message/index.ts";
import type { Connector, Receiver } from "./connector.ts";
import type { FrameLink } from "./frame-link.ts";

/**
 * Two ends in one process, each the peer of the other. Every message goes through the real codec, as bytes, and arrives in a
 * later microtask, so that nothing behaves as it would not over a socket. Either end fits both a client and a broker.
 *
 * @param maxFrameBytes - largest frame that either end takes, in bytes; default 128 MiB.
 */
export function connectorPair(uri = "pair://", maxFrameBytes?: number): [PairEnd, PairEnd] {
  const one = new PairEnd(uri, maxFrameBytes);
  const other = new PairEnd(uri, maxFrameBytes);
  one.join(other);
  other.join(one);
  return [one, other];
}

export class PairEnd implements Connector, FrameLink {
  readonly uri: string;
  #peer: PairEnd | undefined;
  #receiver: Receiver | undefined;
  readonly #framer: Framer;
  readonly #sink = new ByteSink();
  #scheduled = false;
  #early: Uint8Array[] = [];
  #closed = false;
  /** Why the peer was gone before `start`, which tells it behind what is kept. */
  #left: FluxError | undefined;

  constructor(uri: string, maxFrameBytes?: number) {
    this.uri = uri;
    this.#framer = new Framer({ maxFrameBytes });
  }

  /** For connectorPair. */
  join(peer: PairEnd): void {
    this.#peer = peer;
  }

  get queuedBytes(): number {
    return this.#sink.length;
  }

  send(message: Message): void {
    if (this.#closed) throw new FluxError("ECONNRESET", "connection to the broker is closed");
    this.forward(message, EMPTY, message.headStart);
  }

  forward(message: Message, pushed: Uint8Array, headFrom: number): void {
    if (this.#closed) return;
    message.forwardTo(this.#sink, pushed, headFrom);
    this.#wake();
  }

  sendEncoded(frames: Uint8Array): void {
    this.sendCopy(frames, 0, frames.length);
  }

  sendCopy(bytes: Uint8Array, start: number, end: number): void {
    if (this.#closed) return;
    const at = this.#sink.reserve(end - start);
    copyBytes(this.#sink.bytes, at, bytes, start, end);
    this.#wake();
  }

  writable(): undefined {}

  start(receiver: Receiver): void {
    this.#receiver = receiver;
    if (receiver.oversized !== undefined)
      this.#framer.oversized = (message, size) => {
        if (!this.#closed) receiver.oversized!(message, size);
      };
    const early = this.#early;
    this.#early = [];
    for (const chunk of early) this.#take(chunk);
    if (this.#left !== undefined) this.#end(this.#left);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#flush();
    this.#end(undefined);
    this.#peer!.#end(new FluxError("ECONNRESET"));
  }

  end(): Promise<void> {
    return this.close();
  }

  destroy(): void {
    this.#sink.take();
    this.#end(undefined);
    this.#peer!.#end(new FluxError("ECONNRESET"));
  }

  ref(): void {}
  unref(): void {}

  #wake(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#scheduled = false;
    for (const chunk of this.#sink.take()) this.#peer!.#take(chunk);
  }

  #take(chunk: Uint8Array): void {
    if (this.#closed) return;
    const receiver = this.#receiver;
    if (receiver === undefined) {
      this.#early.push(chunk);
      return;
    }
    try {
      this.#framer.push(chunk, (message) => {
        if (!this.#closed) receiver.message(message);
      });
    } catch (error) {
      // A frame over the limit, or a receiver that failed: it ends this connection and nothing else, as over a socket.
      this.#end(FluxError.from(error, "EIO"));
      this.#peer!.#end(new FluxError("ECONNRESET"));
    }
  }

  #end(reason: FluxError | undefined): void {
    if (this.#closed) return;
    if (reason !== undefined && this.#receiver === undefined) {
      this.#left = reason;
      return;
    }
    this.#closed = true;
    this.#receiver?.closed(reason);
  }
}
