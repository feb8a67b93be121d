import type { FrameLink } from "../connector/index.ts";
import { type Credential, encodePushed, type Message } from "../message/index.ts";
import { Disconnects } from "./disconnects.ts";
import type { RouteIdentity } from "./route-identity.ts";

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
