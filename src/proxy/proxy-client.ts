import { decodeLatin1 } from "../base/index.ts";
import type { Disconnects } from "../broker/index.ts";
import type { Subscription } from "../client/index.ts";
import type { FrameLink } from "../connector/index.ts";
import {
  encodePushed,
  MATCHTAG_NONE,
  type Message,
  MessageFlag,
  type RequestStub,
  requestOf,
  stubOf,
} from "../message/index.ts";

/** How often a client subscribed to a prefix, and the subscription of the proxy that stands for it. */
export interface SharedSubscription {
  count: number;
  readonly events: Subscription;
}

/** A program connected to the proxy: its socket, and what it holds at the broker. */
export class ProxyClient {
  readonly uuid: string;
  readonly link: FrameLink;
  /** The route part its requests carry to the broker. */
  readonly pushed: Uint8Array;
  readonly subscriptions = new Map<string, SharedSubscription>();
  readonly disconnects: Disconnects;
  /** True once it has left. */
  gone = false;
  /**
   * Requests without their last response, by tag and routes, without their payloads; only kept where the connection may be
   * made again.
   */
  readonly #pending: Map<string, RequestStub> | undefined;

  constructor(uuid: string, link: FrameLink, disconnects: Disconnects, tracks: boolean) {
    this.uuid = uuid;
    this.link = link;
    this.pushed = encodePushed([uuid]);
    this.disconnects = disconnects;
    this.#pending = tracks ? new Map() : undefined;
  }

  /** Takes note of a request, as the client sent it. */
  track(request: Message): void {
    if (
      this.#pending === undefined ||
      request.matchtag === MATCHTAG_NONE ||
      request.has(MessageFlag.NORESPONSE)
    )
      return;
    this.#pending.set(keyOf(request, request.headStart), stubOf(request));
  }

  /** Takes note of a response, whose routes begin at `headFrom` for the client. */
  settle(response: Message, headFrom: number): void {
    if (this.#pending === undefined) return;
    if (response.has(MessageFlag.STREAMING) && response.errnum === 0) return;
    this.#pending.delete(keyOf(response, headFrom));
  }

  /** The requests that will get no response any more. */
  takePending(): Message[] {
    const requests = [...(this.#pending?.values() ?? [])].map(requestOf);
    this.#pending?.clear();
    return requests;
  }
}

function keyOf({ matchtag, head, headEnd }: Message, headFrom: number): string {
  return `${matchtag} ${decodeLatin1(head.subarray(headFrom, headEnd))}`;
}
