import { type Credential, type Message, MessageFlag } from "../message/index.ts";

/** Most requests remembered for a module; those beyond get no answer if it dies. */
export const MAX_REQUESTS = 262_144;
/** What a request that is remembered costs besides its routes and topic, in bytes. */
const REQUEST_BYTES = 512;

/** Charges senders for what is remembered of their requests: see Accounts. */
export interface RequestLedger {
  charge(sender: Credential, bytes: number): boolean;
  release(sender: Credential, bytes: number): void;
}

/**
 * The requests a module was given and has not answered, so that who waits hears of its end. A requester's disconnect takes its
 * requests out. Source: rpc_track.c in flux-core.
 */
export class ModuleRequests {
  /** Without their payloads; by the first sender, then by matchtag. */
  readonly #senders = new Map<string, Map<number, Message>>();
  readonly #ledger: RequestLedger;
  /** Most requests that are remembered. */
  readonly most: number;
  #size = 0;

  /** @param most - most requests that are remembered, from 0; default 262,144 */
  constructor(ledger: RequestLedger, most: number = MAX_REQUESTS) {
    this.#ledger = ledger;
    this.most = most;
  }

  get size(): number {
    return this.#size;
  }

  /** Remembers a request that goes to the module with `pushed` on its route stack. Returns false when its sender holds too much. */
  add(request: Message, pushed: Uint8Array): boolean {
    if ((request.flags & MessageFlag.NORESPONSE) !== 0) {
      if (request.topic?.endsWith(".disconnect") === true) this.#forgetSender(request.withPushed(pushed));
      return true;
    }
    if (request.aux2 === 0 || this.#size >= this.most) return true;
    const copy = request.withPushed(pushed);
    copy.edit({ payload: null });
    if (!this.#ledger.charge(copy, costOf(copy))) return false;
    const sender = copy.firstRoute ?? "";
    let tags = this.#senders.get(sender);
    if (tags === undefined) {
      tags = new Map();
      this.#senders.set(sender, tags);
    }
    const before = tags.get(copy.aux2);
    if (before === undefined) this.#size++;
    else this.#ledger.release(before, costOf(before));
    tags.set(copy.aux2, copy);
    return true;
  }

  /** Takes note of a response of the module; one that ends its request takes it out. */
  answered(response: Message): void {
    if (this.#size === 0 || !endsRequest(response.flags, response.aux1)) return;
    const sender = response.firstRoute ?? "";
    const tags = this.#senders.get(sender);
    const request = tags?.get(response.aux2);
    if (tags === undefined || request === undefined) return;
    tags.delete(response.aux2);
    this.#ledger.release(request, costOf(request));
    this.#size--;
    if (tags.size === 0) this.#senders.delete(sender);
  }

  /** Takes out all: the requests nobody will answer. */
  take(): Message[] {
    const open = [...this.#senders.values()].flatMap((tags) => [...tags.values()]);
    this.#senders.clear();
    this.#size = 0;
    for (const request of open) this.#ledger.release(request, costOf(request));
    return open;
  }

  #forgetSender(request: Message): void {
    const sender = request.firstRoute ?? "";
    const tags = this.#senders.get(sender);
    if (tags === undefined) return;
    this.#senders.delete(sender);
    this.#size -= tags.size;
    for (const open of tags.values()) this.#ledger.release(open, costOf(open));
  }
}

function costOf({ headStart, headEnd }: Message): number {
  return REQUEST_BYTES + 2 * (headEnd - headStart);
}

/** True for a response that no other follows: an error, or one that is no part of a stream. */
export function endsRequest(flags: number, errnum: number): boolean {
  return errnum !== 0 || (flags & MessageFlag.STREAMING) === 0;
}
