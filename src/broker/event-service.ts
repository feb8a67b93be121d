import { FluxError } from "../base/index.ts";
import { Message, MessageFlag, Role, textPayload } from "../message/index.ts";
import type { BuiltinService } from "./builtin-service.ts";
import { readPublishRequest } from "./publish-request.ts";

const SEQ = '{"seq":';
const CALLERS = Role.OWNER | Role.USER;

export interface EventServiceOptions {
  readonly rank: number;
  /** Numbers an event, queues it for its subscribers and returns its number. */
  readonly publish: (event: Message) => number;
  /** Resolves when what was published so far may be confirmed; undefined when it may be at once. */
  readonly confirmed: () => Promise<void> | undefined;
  /** The methods besides `publish`. */
  readonly others: BuiltinService;
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
  readonly #publish: EventServiceOptions["publish"];
  readonly #confirmed: EventServiceOptions["confirmed"];

  constructor({ rank, publish, confirmed, others }: EventServiceOptions) {
    this.#rank = rank;
    this.#publish = publish;
    this.#confirmed = confirmed;
    this.others = others;
  }

  /** The response to a request to publish; undefined when it wants none, or when `later` gets it. */
  answer(request: Message, later: (response: Message) => void): Message | undefined {
    try {
      const seq = this.#serve(request);
      if ((request.flags & MessageFlag.NORESPONSE) !== 0) return undefined;
      const waiting = this.#confirmed();
      if (waiting === undefined) return request.deriveResponse(0, seqPayload(seq));
      waiting.then(
        () => later(request.deriveResponse(0, seqPayload(seq))),
        (error: unknown) => later(failure(request, error)!),
      );
      return undefined;
    } catch (error) {
      return failure(request, error);
    }
  }

  #serve(request: Message): number {
    const { userid, rolemask } = request;
    if ((rolemask & CALLERS) === 0)
      throw new FluxError("EPERM", "Request rejected due to insufficient privilege");
    if (this.#rank !== 0) throw new FluxError("EPROTO", "this service is only available on rank 0");
    const { topic: eventTopic, flags, payload } = readPublishRequest(request);
    return this.#publish(Message.event({ topic: eventTopic, payload, flags, userid, rolemask }));
  }
}

/** The response to a request that failed; undefined when it wants none. */
function failure(request: Message, thrown: unknown): Message | undefined {
  if ((request.flags & MessageFlag.NORESPONSE) !== 0) return undefined;
  const error = FluxError.from(thrown);
  return request.deriveResponse(error.errno, error.text === undefined ? undefined : textPayload(error.text));
}

/** `{"seq":N}` as C's "i" prints it: a number over 31 bits is negative. */
function seqPayload(seq: number): Uint8Array {
  const text = `${SEQ}${seq | 0}}\0`;
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
