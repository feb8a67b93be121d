import { detach, isAuthorized, type Message } from "../message/index.ts";
import { FREE, type Ledger, openBytes } from "./ledger.ts";
import type { Request } from "./request.ts";

/** The open requests of one sender by matchtag: most often one each. */
type Tags = Map<number, Request | Set<Request>>;

/**
 * The requests a service has not answered yet, found by sender and matchtag: what cancel and disconnect need. Each is in memory of its own,
 * and charged to its sender.
 *
 * A sender is the first route (the one nearest the delimiter). Either request counts only for requests it is authorized for: the
 * owner's for all, a user's for those of the same user. Source: flux_disconnect_match and flux_cancel_match in flux-core.
 */
export class ActiveRequests {
  readonly #ledger: Ledger;
  readonly #senders = new Map<string, Tags>();
  #size = 0;

  constructor(ledger: Ledger = FREE) {
    this.#ledger = ledger;
  }

  /** Number of open requests. */
  get size(): number {
    return this.#size;
  }

  /** Adds a request, with its payload if somebody will read that. Returns false when its sender holds too much already. */
  add(request: Request, withPayload: boolean): boolean {
    const { message } = request;
    detach(message, withPayload);
    if (!this.#ledger.charge(message, openBytes(message))) return false;
    const sender = senderOf(message);
    let tags = this.#senders.get(sender);
    if (tags === undefined) {
      tags = new Map();
      this.#senders.set(sender, tags);
    }
    addTo(tags, request);
    this.#size++;
    return true;
  }

  /** Takes a request out; one that is not in it is none of its business. */
  delete(request: Request): void {
    const sender = senderOf(request.message);
    const tags = this.#senders.get(sender);
    const { matchtag } = request;
    const same = tags?.get(matchtag);
    if (tags === undefined || same === undefined) return;
    if (same instanceof Set) {
      if (!same.delete(request)) return;
      if (same.size === 0) tags.delete(matchtag);
    } else if (same === request) tags.delete(matchtag);
    else return;
    if (tags.size === 0) this.#senders.delete(sender);
    this.#size--;
    this.release(request);
  }

  /** Takes out the request that the cancel request `message` names by its matchtag, if it may. */
  takeCanceled(message: Message, matchtag: number): Request | undefined {
    for (const request of requestsOf(this.#senders.get(senderOf(message))?.get(matchtag))) {
      if (!isAuthorized(message, request.userid)) continue;
      this.delete(request);
      return request;
    }
    return undefined;
  }

  /** Takes out all requests of the sender of the disconnect request `message`, as far as it may. They are charged until `release`. */
  takeDisconnected(message: Message): Request[] {
    const sender = senderOf(message);
    const tags = this.#senders.get(sender);
    const taken: Request[] = [];
    if (tags === undefined) return taken;
    const left: Request[] = [];
    for (const same of tags.values())
      for (const request of requestsOf(same))
        (isAuthorized(message, request.userid) ? taken : left).push(request);
    this.#size -= taken.length;
    // One by one they would cost several times as much: a sender that goes takes all of them along.
    if (left.length === 0) this.#senders.delete(sender);
    else this.#senders.set(sender, tagsOf(left));
    return taken;
  }

  /** A request that was taken out by `takeDisconnected` is let go of. */
  release({ message }: Request): void {
    this.#ledger.release(message, openBytes(message));
  }

  /** Takes out all. */
  clear(): Request[] {
    const all = [...this.#senders.values()].flatMap((tags) =>
      [...tags.values()].flatMap((same) => [...requestsOf(same)]),
    );
    this.#senders.clear();
    this.#size = 0;
    for (const request of all) this.release(request);
    return all;
  }
}

function tagsOf(requests: readonly Request[]): Tags {
  const tags: Tags = new Map();
  for (const request of requests) addTo(tags, request);
  return tags;
}

function addTo(tags: Tags, request: Request): void {
  const { matchtag } = request;
  const same = tags.get(matchtag);
  if (same === undefined) tags.set(matchtag, request);
  else if (same instanceof Set) same.add(request);
  else tags.set(matchtag, new Set([same, request]));
}

function requestsOf(same: Request | Set<Request> | undefined): Iterable<Request> {
  return same === undefined ? [] : same instanceof Set ? same : [same];
}

function senderOf(message: Message): string {
  return message.firstRoute ?? "";
}
