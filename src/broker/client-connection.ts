import type { FrameLink } from "../connector/index.ts";
import { type Credential, encodePushed, type Message } from "../message/index.ts";
import { Disconnects } from "./disconnects.ts";
import { ROUTE_PART_BYTES, type RouteIdentity, routeKey, samePart } from "./route-identity.ts";

/** Counters of one connection, in messages. */
export interface ConnectionCounters {
  received: number;
  sent: number;
  /** Messages not sent because the client's queue was full. */
  dropped: number;
}

/** One connected client, as the broker sees it: its credential, its queue, and what it holds here. */
export class ClientConnection {
  readonly uuid: string;
  readonly credential: Credential;
  readonly link: FrameLink;
  /** Process at the other end, when it is known. */
  readonly pid: number | undefined;
  /** What responses are found by: see routeKey. */
  readonly key: number;
  /** Route parts for requests of this client: to the broker's services, and to another client's. */
  readonly toBroker: Uint8Array;
  readonly toService: Uint8Array;
  readonly disconnects = new Disconnects();
  /** How often it subscribed to each prefix. */
  readonly subscriptions = new Map<string, number>();
  readonly counters: ConnectionCounters = { received: 0, sent: 0, dropped: 0 };
  /** Last event it was given, so that one that matches two prefixes comes once. */
  lastEvent = 0;
  readonly #queueBytes: number;

  constructor(
    uuid: string,
    link: FrameLink,
    credential: Credential,
    pid: number | undefined,
    identity: RouteIdentity,
    queueBytes: number,
  ) {
    this.uuid = uuid;
    this.link = link;
    this.credential = credential;
    this.pid = pid;
    this.#queueBytes = queueBytes;
    this.toBroker = encodePushed([identity.connectorUuid, uuid]);
    this.toService = encodePushed([identity.brokerUuid, identity.connectorUuid, uuid]);
    this.key = routeKey(this.toBroker, ROUTE_PART_BYTES);
  }

  /** True when the route part at `at` is this client's. */
  isAt(head: Uint8Array, at: number): boolean {
    return samePart(head, at, this.toBroker, ROUTE_PART_BYTES);
  }

  /** True when `bytes` more fit into its queue. An empty queue takes a message of any size. */
  hasRoom(bytes: number): boolean {
    const queued = this.link.queuedBytes;
    return queued === 0 || queued + bytes <= this.#queueBytes;
  }

  /** Queues a message, routes pushed or popped; the caller has seen to its room. */
  forward(message: Message, pushed: Uint8Array, headFrom: number): void {
    this.counters.sent++;
    this.link.forward(message, pushed, headFrom);
  }

  /** Queues an encoded event; the caller has seen to its room. */
  sendEvent(frame: Uint8Array): void {
    this.counters.sent++;
    this.link.sendEncoded(frame);
  }
}
