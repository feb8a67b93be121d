import { type Message, MessageFlag } from "../message/index.ts";
import { endsRequest } from "./module-requests.ts";

/** What an open request costs besides its route stack, and a new route stack besides its bytes. */
const REQUEST_BYTES = 96;
const STACK_BYTES = 256;

/** Charges for what is tracked: see Share. */
export interface ForwardedCharge {
  charge(bytes: number): boolean;
  release(bytes: number): void;
}

/**
 * The requests that were forwarded to a guest's connection and are not answered yet.
 *
 * A response names its receiver by its route stack alone, and a service learns the route stack of each
 * caller. So a guest's response goes on only when it has the route stack and the matchtag of a request
 * that this guest was given. The owner's connections are trusted, and not tracked.
 */
export class ForwardedRequests {
  readonly #share: ForwardedCharge;
  /** By the encoded route stack, then by matchtag: how many requests are open. */
  readonly #stacks = new Map<string, Map<number, number>>();

  constructor(share: ForwardedCharge) {
    this.#share = share;
  }

  /**
   * Notes a request that goes out with `pushed` on its route stack. A disconnect request forgets all
   * requests of its sender, which are never answered. Returns false when its service holds too much.
   */
  add(request: Message, pushed: Uint8Array): boolean {
    const { flags, head, headStart, topicPart } = request;
    const hasRoutes = (flags & MessageFlag.ROUTE) !== 0;
    const stack = latin1(pushed, 0, pushed.length) + (hasRoutes ? latin1(head, headStart, topicPart) : "\0");
    if ((flags & MessageFlag.NORESPONSE) !== 0) {
      if (request.topic?.endsWith(".disconnect") === true) this.#forget(stack);
      return true;
    }
    let tags = this.#stacks.get(stack);
    const isNew = tags === undefined;
    if (!this.#share.charge(REQUEST_BYTES + (isNew ? STACK_BYTES + stack.length : 0))) return false;
    if (tags === undefined) {
      tags = new Map();
      this.#stacks.set(stack, tags);
    }
    tags.set(request.aux2, (tags.get(request.aux2) ?? 0) + 1);
    return true;
  }

  /** True when a response answers a request that is open; the last one to a request closes it. */
  answers(response: Message): boolean {
    const { flags, head, headStart, topicPart, aux1, aux2 } = response;
    if ((flags & MessageFlag.ROUTE) === 0) return false;
    const stack = latin1(head, headStart, topicPart);
    const tags = this.#stacks.get(stack);
    const count = tags?.get(aux2);
    if (tags === undefined || count === undefined) return false;
    if (!endsRequest(flags, aux1)) return true;
    if (count > 1) tags.set(aux2, count - 1);
    else tags.delete(aux2);
    this.#share.release(REQUEST_BYTES + (tags.size === 0 ? STACK_BYTES + stack.length : 0));
    if (tags.size === 0) this.#stacks.delete(stack);
    return true;
  }

  #forget(stack: string): void {
    const tags = this.#stacks.get(stack);
    if (tags === undefined) return;
    this.#stacks.delete(stack);
    let open = 0;
    for (const count of tags.values()) open += count;
    this.#share.release(open * REQUEST_BYTES + STACK_BYTES + stack.length);
  }
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
}
