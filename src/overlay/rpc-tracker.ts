import { MATCHTAG_NONE, type Message, MessageFlag } from "../message/index.ts";

/**
 * Requests that went a certain way and wait for their answers, by who sent them first and their matchtag: they are answered with an error when that way
 * is closed. Source: rpc_track.c in flux-core.
 */
export class RpcTracker {
  readonly #senders = new Map<string, Map<number, Message>>();
  #size = 0;

  /** Number of requests that wait. */
  get size(): number {
    return this.#size;
  }

  /** A request went this way. One that wants an answer is kept, and must not be changed any more; a disconnect forgets all of its sender. */
  request(request: Message): void {
    if ((request.flags & MessageFlag.NORESPONSE) === 0 && request.aux2 !== MATCHTAG_NONE) {
      const sender = request.firstRoute ?? "";
      let waiting = this.#senders.get(sender);
      if (waiting === undefined) {
        waiting = new Map();
        this.#senders.set(sender, waiting);
      }
      const before = waiting.size;
      waiting.set(request.aux2, request);
      this.#size += waiting.size - before;
    } else if (request.topic?.endsWith(".disconnect") === true) {
      const sender = request.firstRoute ?? "";
      this.#size -= this.#senders.get(sender)?.size ?? 0;
      this.#senders.delete(sender);
    }
  }

  /** A response came back: the only one, or the error that ends a stream, ends the wait. */
  response(response: Message): void {
    if (this.#size === 0 || response.aux2 === MATCHTAG_NONE) return;
    if ((response.flags & MessageFlag.STREAMING) !== 0 && response.aux1 === 0) return;
    const sender = response.firstRoute ?? "";
    const waiting = this.#senders.get(sender);
    if (waiting === undefined || !waiting.delete(response.aux2)) return;
    this.#size--;
    if (waiting.size === 0) this.#senders.delete(sender);
  }

  /** Takes out all requests: the way is closed. */
  purge(): Message[] {
    const all = [...this.#senders.values()].flatMap((waiting) => [...waiting.values()]);
    this.#senders.clear();
    this.#size = 0;
    return all;
  }
}
