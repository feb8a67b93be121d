import type { FrameLink } from "../connector/index.ts";
import { type Credential, encodePushed, type Message, Role } from "../message/index.ts";
import type { Account, AccountConnection, Share } from "./accounts.ts";
import { Disconnects } from "./disconnects.ts";
import { ForwardedRequests } from "./forwarded-requests.ts";
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

/** What a connection costs the broker by itself: its socket, its buffers and its tables, in bytes. */
const CONNECTION_BYTES = 128 * 1024;
/** Most bytes of guests' requests queued for a service of somebody else, and at most half of its queue. */
export const GUEST_REQUEST_BYTES = 64 * 1024 * 1024;

export interface ClientConnectionOptions {
  readonly uuid: string;
  readonly link: FrameLink;
  readonly credential: Credential;
  /** Process at the other end, when it is known. */
  readonly pid: number | undefined;
  readonly identity: RouteIdentity;
  /** Most bytes queued for it. */
  readonly queueBytes: number;
  /** Default false. */
  readonly isModule?: boolean | undefined;
  /** Remembers a request that goes to it, with `pushed` on its route stack; false refuses it. Default: nothing is remembered of the owner's. */
  readonly remember?: ((request: Message, pushed: Uint8Array) => boolean) | undefined;
  /** Who pays for what is kept for it. */
  readonly account: Account;
  /** It holds more than its guest may: it is closed, after the reason has been logged. */
  readonly overdrawn: (client: ClientConnection, why: string) => void;
}

/** One connected client or module, as the broker sees it: its credential, its queue, and what it holds here. */
export class ClientConnection implements AccountConnection {
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
  /** What the broker keeps for it. */
  readonly share: Share;
  readonly disconnects: Disconnects;
  /** The requests it has to answer, when it is a guest's: its other responses go nowhere. */
  readonly forwarded: ForwardedRequests | undefined;
  /** How often it subscribed to each prefix. */
  readonly subscriptions = new Map<string, number>();
  readonly counters: ConnectionCounters = { received: 0, sent: 0, dropped: 0 };
  /** Last event it was given, so that one that matches two prefixes comes once. */
  lastEvent = 0;
  /** True once it is disconnected: what still comes of it counts no more. */
  gone = false;
  /** True once an event was dropped for it, which is logged once. */
  missesEvents = false;
  /** True once it sent a response that nobody asked it for, which is logged once. */
  forges = false;
  readonly #queueBytes: number;
  /** Size of the message over a limit that the queue has begun with, behind which there is the usual room; 0 for none. */
  #oversize = 0;
  #flushBatch: (() => void) | undefined;
  readonly #remember: ClientConnectionOptions["remember"];
  readonly #overdrawn: (client: ClientConnection, why: string) => void;

  constructor(options: ClientConnectionOptions) {
    const { uuid, link, credential, pid, identity, queueBytes, isModule = false, account } = options;
    this.uuid = uuid;
    this.link = link;
    this.credential = credential;
    this.pid = pid;
    this.#queueBytes = queueBytes;
    this.isModule = isModule;
    this.#overdrawn = options.overdrawn;
    this.#remember = options.remember;
    this.share = account.open(this);
    this.disconnects = new Disconnects(this.share);
    const isGuest = (credential.rolemask & Role.OWNER) === 0;
    this.forwarded = isGuest ? new ForwardedRequests(this.share) : undefined;
    this.share.charge(CONNECTION_BYTES);
    const via = isModule ? [uuid] : [identity.connectorUuid, uuid];
    this.toBroker = encodePushed(via);
    this.toService = encodePushed([identity.brokerUuid, ...via]);
    this.#part = this.toBroker.length - ROUTE_PART_BYTES;
    this.#stack = isModule ? NO_STACK : viewOf(this.toService);
    this.key = routeKey(this.toBroker, this.#part);
  }

  /** Remembers a request that is about to be forwarded, where that is needed. Returns false when it must not be. */
  remember(request: Message, pushed: Uint8Array): boolean {
    if (this.forwarded !== undefined) return this.forwarded.add(request, pushed);
    return this.#remember === undefined || this.#remember(request, pushed);
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
    if (this.forwarded !== undefined) {
      this.share.flowing(queued + bytes);
      if (this.gone) return false;
    }
    if (queued === 0) {
      this.#oversize = bytes > this.#queueBytes ? bytes : 0;
      return true;
    }
    if (queued <= this.#queueBytes / 2) this.#oversize = 0;
    return queued + bytes <= this.#queueBytes + this.#oversize;
  }

  /** As `hasRoom`, for a request of a guest to a service of this connection: others need the rest of its queue. */
  hasRoomForGuest(bytes: number): boolean {
    const queued = this.link.queuedBytes;
    const most = Math.min(this.#queueBytes / 2, GUEST_REQUEST_BYTES);
    if (queued > 0) return queued + bytes <= most && this.hasRoom(bytes);
    if (!this.hasRoom(bytes)) return false;
    if (bytes > most) this.#oversize = bytes;
    return true;
  }

  /** Bytes of its queue and its unfinished frame. */
  get flowBytes(): number {
    return this.link.queuedBytes + (this.link.gatheredBytes ?? 0);
  }

  /** A frame of it is unfinished, and its memory has grown. */
  gathers(): void {
    if (this.forwarded !== undefined) this.share.flowing(this.flowBytes);
  }

  overdrawn(why: string): void {
    this.#overdrawn(this, why);
  }

  /** Bytes that fit into its queue besides what is in it; what `hasRoom` decides by, unless the queue is empty. */
  get room(): number {
    const queued = this.link.queuedBytes;
    if (this.forwarded !== undefined) {
      this.share.flowing(queued);
      if (this.gone) return 0;
    }
    return this.#queueBytes + this.#oversize - queued;
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
