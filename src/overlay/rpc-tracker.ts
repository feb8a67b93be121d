import { decodeLatin1, type ErrnoName } from "../base/index.ts";
import {
  MATCHTAG_NONE,
  type Message,
  MessageFlag,
  type RequestStub,
  requestOf,
  stubOf,
} from "../message/index.ts";
import { disconnectKey } from "./disconnect-requests.ts";
import type { PendingAccount } from "./pending-account.ts";

/** Longest routes and topic of a request that can wait, in bytes together. */
export const HEAD_MAX = 16 * 1024;
/** What an entry takes besides the bytes of routes and topic, rounded up: the tables, the objects, the sender's id. */
const ENTRY_BYTES = 512;

/** Why a request may not go a way: the error that its sender gets. */
export interface PendingRefusal {
  readonly code: ErrnoName;
  readonly text: string;
}

const TOO_MANY: PendingRefusal = {
  code: "EAGAIN",
  text: "too many requests wait for other ranks: send it again when some are answered",
};
const TOO_LONG: PendingRefusal = {
  code: "EMSGSIZE",
  text: `routes and topic of a request to another rank are over ${HEAD_MAX} bytes`,
};

type Waiting = Map<number | string, RequestStub>;

/**
 * Requests that went a certain way and wait for their answers, by who sent them first and their matchtag: they are answered with an error when that way
 * is closed. What is kept of them, without their payloads, is charged to an account. Source: rpc_track.c in flux-core.
 */
export class RpcTracker {
  readonly #account: PendingAccount;
  readonly #notes: boolean;
  /** By sender, and by matchtag or note. */
  readonly #senders = new Map<string, Waiting>();
  #size = 0;

  /**
   * `notes`: where requests come from, whose services are notified when their sender is gone. There one without a matchtag, and one
   * whose matchtag comes again, is remembered by its service.
   */
  constructor(account: PendingAccount, notes = false) {
    this.#account = account;
    this.#notes = notes;
  }

  /** Number of requests that wait. */
  get size(): number {
    return this.#size;
  }

  /**
   * A request is about to go this way. One that wants an answer is remembered; a disconnect forgets all of its sender. Returns why
   * it must not go, when it can't be remembered.
   */
  request(request: Message): PendingRefusal | undefined {
    if ((request.flags & MessageFlag.NORESPONSE) === 0) {
      if (request.aux2 !== MATCHTAG_NONE) return this.#add(request, request.aux2);
      return this.#notes ? this.#add(request, disconnectKey(request.topic, request)) : undefined;
    }
    if (request.topic?.endsWith(".disconnect") === true) this.#forget(request.firstRoute ?? "");
    return undefined;
  }

  /** A response came back: the only one, or the error that ends a stream, ends the wait. */
  response(response: Message): void {
    if (this.#size === 0 || response.aux2 === MATCHTAG_NONE) return;
    if ((response.flags & MessageFlag.STREAMING) !== 0 && response.aux1 === 0) return;
    const sender = response.firstRoute ?? "";
    const waiting = this.#senders.get(sender);
    const stub = waiting?.get(response.aux2);
    if (waiting === undefined || stub === undefined) return;
    this.#refund(stub);
    this.#delete(sender, waiting, response.aux2);
  }

  /** Takes out all requests, without their payloads: the way is closed. */
  purge(): Message[] {
    const all: Message[] = [];
    for (const waiting of this.#senders.values())
      for (const stub of waiting.values()) {
        this.#refund(stub);
        all.push(requestOf(stub));
      }
    this.#senders.clear();
    return all;
  }

  /**
   * Forgets the requests that came over a neighbour which is gone: the ones with its route part, `part`, on top of their stack. Nobody
   * is left to answer them to.
   */
  forgetFrom(part: Uint8Array): void {
    const top = decodeLatin1(part);
    for (const [sender, waiting] of this.#senders)
      for (const [key, stub] of waiting) {
        if (!stub.head.startsWith(top)) continue;
        this.#refund(stub);
        this.#delete(sender, waiting, key);
      }
  }

  #add(request: Message, key: number | string): PendingRefusal | undefined {
    const { headStart, headEnd, userid, rolemask } = request;
    const length = headEnd - headStart;
    if (length > HEAD_MAX) return TOO_LONG;
    const sender = request.firstRoute ?? "";
    let waiting = this.#senders.get(sender);
    const before = waiting?.get(key);
    if (before !== undefined) this.#replace(waiting!, key, before);
    if (!this.#account.charge(userid, rolemask, entryBytes(length))) {
      if (waiting?.size === 0) this.#senders.delete(sender);
      return TOO_MANY;
    }
    if (waiting === undefined) {
      waiting = new Map();
      this.#senders.set(sender, waiting);
    }
    waiting.set(key, stubOf(request));
    this.#size++;
    return undefined;
  }

  /** The key of an entry is to be that of another request: the entry goes, or is remembered by its service. */
  #replace(waiting: Waiting, key: number | string, before: RequestStub): void {
    waiting.delete(key);
    if (this.#notes && typeof key === "number") {
      const note = disconnectKey(requestOf(before).topic, before);
      if (!waiting.has(note)) {
        waiting.set(note, before);
        return;
      }
    }
    this.#refund(before);
  }

  #forget(sender: string): void {
    for (const stub of this.#senders.get(sender)?.values() ?? []) this.#refund(stub);
    this.#senders.delete(sender);
  }

  #delete(sender: string, waiting: Waiting, key: number | string): void {
    waiting.delete(key);
    if (waiting.size === 0) this.#senders.delete(sender);
  }

  /** One that is taken out, or about to be. */
  #refund({ userid, rolemask, head }: RequestStub): void {
    this.#account.refund(userid, rolemask, entryBytes(head.length));
    this.#size--;
  }
}

/** Bytes that are charged for an entry: its head may be there twice, as it is and as the sender's id. */
function entryBytes(headBytes: number): number {
  return ENTRY_BYTES + 2 * headBytes;
}
