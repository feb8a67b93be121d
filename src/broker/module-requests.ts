import { type Message, MessageFlag } from "../message/index.ts";

/** Most requests kept in mind for a module; those beyond get no answer if it dies. */
const MAX_REQUESTS = 262_144;

/**
 * The requests a module was given and has not answered, so that who waits hears of its end. A requester's disconnect takes its
 * requests out. Source: rpc_track.c in flux-core.
 */
export class ModuleRequests {
  /** Without their payloads; by the first sender, then by matchtag. */
  readonly #senders = new Map<string, Map<number, Message>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Takes note of a request that goes to the module with `pushed` on its route stack. */
  add(request: Message, pushed: Uint8Array): void {
    if ((request.flags & MessageFlag.NORESPONSE) !== 0) {
      if (request.topic?.endsWith(".disconnect") === true) this.#forgetSender(request.withPushed(pushed));
      return;
    }
    if (request.aux2 === 0 || this.#size >= MAX_REQUESTS) return;
    const copy = request.withPushed(pushed);
    copy.edit({ payload: null });
    const sender = copy.firstRoute ?? "";
    let tags = this.#senders.get(sender);
    if (tags === undefined) {
      tags = new Map();
      this.#senders.set(sender, tags);
    }
    if (!tags.has(copy.aux2)) this.#size++;
    tags.set(copy.aux2, copy);
  }

  /** Takes note of a response of the module; one that ends its request takes it out. */
  answered(response: Message): void {
    if (this.#size === 0 || !endsRequest(response.flags, response.aux1)) return;
    const sender = response.firstRoute ?? "";
    const tags = this.#senders.get(sender);
    if (tags?.delete(response.aux2) !== true) return;
    this.#size--;
    if (tags.size === 0) this.#senders.delete(sender);
  }

  /** Takes out all: the requests nobody will answer. */
  take(): Message[] {
    const open = [...this.#senders.values()].flatMap((tags) => [...tags.values()]);
    this.#senders.clear();
    this.#size = 0;
    return open;
  }

  #forgetSender(request: Message): void {
    const sender = request.firstRoute ?? "";
    this.#size -= this.#senders.get(sender)?.size ?? 0;
    this.#senders.delete(sender);
  }
}

/** True for a response that no other follows: an error, or one that is no part of a stream. */
export function endsRequest(flags: number, errnum: number): boolean {
  return errnum !== 0 || (flags & MessageFlag.STREAMING) === 0;
}
