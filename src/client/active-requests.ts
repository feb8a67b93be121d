import { isAuthorized, type Message } from "../message/index.ts";
import type { Request } from "./request.ts";

/**
 * The requests a service has not answered yet, found by sender and matchtag: what cancel and disconnect need.
 *
 * A sender is the first route (the one nearest the delimiter). Either request counts only for requests it is authorized for: the
 * owner's for all, a user's for those of the same user. Source: flux_disconnect_match and flux_cancel_match in flux-core.
 */
export class ActiveRequests {
  readonly #senders = new Map<string, Map<number, Set<Request>>>();
  #size = 0;

  /** Number of open requests. */
  get size(): number {
    return this.#size;
  }

  add(request: Request): void {
    const sender = senderOf(request.message);
    let tags = this.#senders.get(sender);
    if (tags === undefined) {
      tags = new Map();
      this.#senders.set(sender, tags);
    }
    const same = tags.get(request.matchtag);
    if (same === undefined) tags.set(request.matchtag, new Set([request]));
    else same.add(request);
    this.#size++;
  }

  delete(request: Request): void {
    const sender = senderOf(request.message);
    const tags = this.#senders.get(sender);
    const same = tags?.get(request.matchtag);
    if (tags === undefined || same === undefined || !same.delete(request)) return;
    this.#size--;
    if (same.size > 0) return;
    tags.delete(request.matchtag);
    if (tags.size === 0) this.#senders.delete(sender);
  }

  /** Takes out the request that the cancel request `message` names by its matchtag, if it may. */
  takeCanceled(message: Message, matchtag: number): Request | undefined {
    const same = this.#senders.get(senderOf(message))?.get(matchtag);
    for (const request of same ?? []) {
      if (!isAuthorized(message, request.userid)) continue;
      this.delete(request);
      return request;
    }
    return undefined;
  }

  /** Takes out all requests of the sender of the disconnect request `message`, as far as it may. */
  takeDisconnected(message: Message): Request[] {
    const taken: Request[] = [];
    for (const same of this.#senders.get(senderOf(message))?.values() ?? []) {
      for (const request of same) if (isAuthorized(message, request.userid)) taken.push(request);
    }
    for (const request of taken) this.delete(request);
    return taken;
  }

  /** Takes out all. */
  clear(): Request[] {
    const all = [...this.#senders.values()].flatMap((tags) =>
      [...tags.values()].flatMap((same) => [...same]),
    );
    this.#senders.clear();
    this.#size = 0;
    return all;
  }
}

function senderOf(message: Message): string {
  return message.firstRoute ?? "";
}
