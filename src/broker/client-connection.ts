import type { FrameLink } from "../connector/index.ts";
import { type Credential, encodePushed, type Message } from "../message/index.ts";
import { Disconnects } from "./disconnects.ts";
import {
  isClientPart,
  isStack,
  ROUTE_PART_BYTES,
  type RouteIdentity,
  routeKey,
  STACK_BYTES,
} from "./route-identity.ts";

/** Counters of one connection, in messages. */
export interface ConnectionCounters {
  received: number;
  sent: number;
  /** Messages not sent because the client's queue was full. */
  dropped: number;
}

/** One connected client or module, as the broker sees it: its credential, its queue, and what it holds here. */
export class ClientConnection {
  readonly uuid: string;
  readonly credential: Credential;
  readonly link: FrameLink;
  /** Process at the other end, when it is known. */
  readonly pid: number | undefined;
  /** True for a module of the broker: no client of the local connector. */
  readonly isModule: boolean;
  /** What responses are found by: see routeKey. */
  readonly key: number;
  /** Route parts for requests of this client: to the broker's services, and to another client's. */
  readonly toBroker: Uint8Array;
  readonly toService: Uint8Array;
  readonly #stack: DataView;
  /** Where its own part is in `toBroker`. */
  readonly #part: number;
  readonly disconnects = new Disconnects();
  /** How often it subscribed to each prefix. */
  readonly subscriptions = new Map<string, number>();
  readonly counters: ConnectionCounters = { received: 0, sent: 0, dropped: 0 };
  /** Last event it was given, so that one that matches two prefixes comes once. */
  lastEvent = 0;
  /** True once it is disconnected: what still comes of it counts no more. */
  gone = false;
  /** True once an event was dropped for it, which is logged once. */
  missesEvents = false;
  readonly #queueBytes: number;
  /** Size of the message over the limit that the queue has begun with; 0 for none. */
  #oversize = 0;
  #flushBatch: (() => void) | undefined;

  constructor(
    uuid: string,
    link: FrameLink,
    credential: Credential,
    pid: number | undefined,
    identity: RouteIdentity,
    queueBytes: number,
    isModule = false,
  ) {
    this.uuid = uuid;
    this.link = link;
    this.credential = credential;
    this.pid = pid;
    this.#queueBytes = queueBytes;
    this.isModule = isModule;
    const via = isModule ? [uuid] : [identity.connectorUuid, uuid];
    this.toBroker = encodePushed(via);
    this.toService = encodePushed([identity.brokerUuid, ...via]);
    this.#part = this.toBroker.length - ROUTE_PART_BYTES;
    this.#stack = isModule ? NO_STACK : viewOf(this.toService);
    this.key = routeKey(this.toBroker, this.#part);
  }

  /** True when the route part at `at` is this client's. */
  isAt(head: Uint8Array, at: number): boolean {
    return isClientPart(head, at, this.toBroker, this.#part);
  }

  /** True when the route parts at `at` are those a request of this client for another's service carries. */
  isRequesterAt(words: DataView, at: number): boolean {
    return isStack(words, at, this.#stack);
  }

  /**
   * True when `bytes` more fit into its queue; asked before each message. An empty queue takes a message of any size, and has its usual room
   * behind one that is over the limit.
   */
  hasRoom(bytes: number): boolean {
    const queued = this.link.queuedBytes;
    if (queued === 0) {
      this.#oversize = bytes > this.#queueBytes ? bytes : 0;
      return true;
    }
    if (queued <= this.#queueBytes) this.#oversize = 0;
    return queued + bytes <= this.#queueBytes + this.#oversize;
  }

  /** Bytes that fit into its queue besides what is in it; what `hasRoom` decides by, unless the queue is empty. */
  get room(): number {
    return this.#queueBytes + this.#oversize - this.link.queuedBytes;
  }

  /** Queues a message, routes pushed or popped; the caller has seen to its room. `gives`: nobody else holds it. */
  forward(message: Message, pushed: Uint8Array, headFrom: number, gives = false): void {
    this.#flushBatch?.();
    this.counters.sent++;
    this.link.forward(message, pushed, headFrom, gives);
  }

  /** Queues `count` encoded messages, which others hold too and nobody changes; the caller has seen to their room. */
  sendShared(frames: Uint8Array, count: number): void {
    this.#flushBatch?.();
    this.counters.sent += count;
    this.link.sendEncoded(frames);
  }

  /** Queues a copy of `count` messages, encoded in `bytes[start, end)`; the caller has seen to their room. */
  sendCopy(bytes: Uint8Array, start: number, end: number, count: number): void {
    this.#flushBatch?.();
    this.counters.sent += count;
    this.link.sendCopy(bytes, start, end);
  }

  /** Events for this client are in a batch, which `flush` sends: before anything else, and before it is in another batch. */
  joinBatch(flush: () => void): void {
    this.#flushBatch?.();
    this.#flushBatch = flush;
  }

  /** The batch that `flush` sends holds nothing for this client any more. */
  leaveBatch(flush: () => void): void {
    if (this.#flushBatch === flush) this.#flushBatch = undefined;
  }
}

/** What no request of a client carries, and no module's is compared with: such responses are found by their part. */
const NO_STACK = new DataView(new ArrayBuffer(STACK_BYTES));

function viewOf({ buffer, byteOffset, length }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, length);
}
