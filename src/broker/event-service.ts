import { ByteSlab, encodeUtf8, FluxError } from "../base/index.ts";
import type { JsonLimits } from "../client/index.ts";
import { type Message, MessageFlag, Role, textPayload } from "../message/index.ts";
import type { BuiltinService } from "./builtin-service.ts";
import { PublishReader } from "./publish-request.ts";

const CALLERS = Role.OWNER | Role.USER;

/** Default of `guestPublishBytes`, 16 MiB. */
export const GUEST_PUBLISH_BYTES = 16 * 1024 * 1024;

export interface EventServiceOptions {
  readonly rank: number;
  readonly publisher: {
    /** Numbers an event, queues it for its subscribers and returns its number. */
    publish(event: Message): number;
  };
  /** Says when what was published so far may be confirmed: at once, without a promise. Left out: always. */
  readonly events: { confirmed(): Promise<void> | undefined } | undefined;
  /** Longest topic that is published, in bytes; default 1,024. */
  readonly maxTopicBytes?: number | undefined;
  /** The methods besides `publish`. */
  readonly others: BuiltinService;
  /** Limits of a request to publish that has to be parsed. */
  readonly limits?: JsonLimits | undefined;
  /** Largest payload of a guest's request to publish, in bytes: to decode it keeps everybody else waiting. Default 16 MiB. */
  readonly guestPublishBytes?: number | undefined;
}

/**
 * `event`: publication with confirmation. A publisher that subscribed sees its event before the response. Subscriptions are
 * the connector's affair. It answers by returning the response, without the stations of other services: confirmed events come by the
 * hundred thousand. Source: RFC 3; event_publish_cb in flux-core.
 */
export class EventService {
  readonly name = "event";
  /** The methods besides `publish`. */
  readonly others: BuiltinService;
  readonly #rank: number;
  readonly #publisher: EventServiceOptions["publisher"];
  readonly #events: EventServiceOptions["events"];
  readonly #reader: PublishReader;
  readonly #guestPublishBytes: number;

  constructor(options: EventServiceOptions) {
    const { rank, publisher, events, others, limits, maxTopicBytes } = options;
    this.#guestPublishBytes = options.guestPublishBytes ?? GUEST_PUBLISH_BYTES;
    this.#reader = new PublishReader({ limits, maxTopicBytes });
    this.#rank = rank;
    this.#publisher = publisher;
    this.#events = events;
    this.others = others;
  }

  /** The response to a request to publish, at once or when the event is safe; undefined when it wants none. */
  answer(request: Message): Message | Promise<Message> | undefined {
    try {
      const seq = this.#serve(request);
      if ((request.flags & MessageFlag.NORESPONSE) !== 0) return undefined;
      const waiting = this.#events?.confirmed();
      return waiting === undefined ? successResponse(request, seq) : this.#later(waiting, request, seq);
    } catch (error) {
      if ((request.flags & MessageFlag.NORESPONSE) !== 0) return undefined;
      return failureResponse(request, error);
    }
  }

  async #later(waiting: Promise<void>, request: Message, seq: number): Promise<Message> {
    try {
      await waiting;
    } catch (error) {
      return failureResponse(request, error);
    }
    return successResponse(request, seq);
  }

  #serve(request: Message): number {
    if ((request.rolemask & CALLERS) === 0)
      throw new FluxError("EPERM", "Request rejected due to insufficient privilege");
    if (this.#rank !== 0) throw new FluxError("EPROTO", "this service is only available on rank 0");
    if (request.payloadBytes > this.#guestPublishBytes && (request.rolemask & Role.OWNER) === 0) {
      const { payloadBytes } = request;
      throw new FluxError(
        "EMSGSIZE",
        `request of ${payloadBytes} bytes to publish an event is over the limit of ${this.#guestPublishBytes} for guests`,
      );
    }
    const { topic, flags, payload } = this.#reader.read(request);
    return this.#publisher.publish(
      request.deriveEvent(topic, flags, payload?.bytes, payload?.start, payload?.end),
    );
  }
}

/** The response to a request that failed. */
function failureResponse(request: Message, thrown: unknown): Message {
  const error = FluxError.from(thrown);
  return request.deriveResponse(error.errno, error.text === undefined ? undefined : textPayload(error.text));
}

/** Where the payloads of responses are. */
const slab = new ByteSlab();
const SEQ = encodeUtf8('{"seq":');
const BRACE = 0x7d;
const MINUS = 0x2d;
const ZERO = 0x30;

/** `{"seq":N}` as C's "i" prints it: a number over 31 bits is negative. Not by way of a text: that of each number would be kept by the engine for a while. */
function successResponse(request: Message, seq: number): Message {
  const isNegative = seq > 0x7fffffff;
  let rest = isNegative ? 2 ** 32 - seq : seq;
  let length = SEQ.length + (isNegative ? 4 : 3);
  for (let more = rest; more >= 10; more = (more / 10) >>> 0) length++;
  const start = slab.reserve(length);
  const end = start + length;
  const { bytes } = slab;
  for (let i = 0; i < SEQ.length; i++) bytes[start + i] = SEQ[i]!;
  if (isNegative) bytes[start + SEQ.length] = MINUS;
  bytes[end - 2] = BRACE;
  bytes[end - 1] = 0;
  let at = end - 3;
  do {
    const less = (rest / 10) >>> 0;
    bytes[at--] = ZERO + rest - 10 * less;
    rest = less;
  } while (rest > 0);
  return request.deriveResponse(0, bytes, start, end);
}
