import { FluxError } from "../base/index.ts";
import { Message, MessageFlag, Role, textPayload } from "../message/index.ts";
import { readPublishRequest } from "./publish-request.ts";

const SEQ = '{"seq":';
const CALLERS = Role.OWNER | Role.USER;

/**
 * `event`: publication with confirmation. A publisher that subscribed sees its event before the response. Subscriptions are
 * the connector's affair. It answers by returning the response, without the stations of other services: confirmed events come by the
 * hundred thousand. Source: RFC 3; event_publish_cb in flux-core.
 */
export class EventService {
  readonly name = "event";
  readonly #rank: number;
  readonly #publish: (event: Message) => number;

  /** `publish` numbers an event, queues it for its subscribers and returns its number. */
  constructor(rank: number, publish: (event: Message) => number) {
    this.#rank = rank;
    this.#publish = publish;
  }

  /** The response to a request, undefined when it wants none. */
  answer(request: Message, topic: string): Message | undefined {
    let error: FluxError;
    try {
      const seq = this.#serve(request, topic);
      if ((request.flags & MessageFlag.NORESPONSE) !== 0) return undefined;
      return request.deriveResponse(0, seqPayload(seq));
    } catch (thrown) {
      error = FluxError.from(thrown);
    }
    if ((request.flags & MessageFlag.NORESPONSE) !== 0) return undefined;
    const text = error.text === undefined ? undefined : textPayload(error.text);
    return request.deriveResponse(error.errno, text);
  }

  #serve(request: Message, topic: string): number {
    if (topic !== "event.publish")
      throw new FluxError("ENOSYS", `Unknown service method '${topic}'`.slice(0, 255));
    const { userid, rolemask } = request;
    if ((rolemask & CALLERS) === 0)
      throw new FluxError("EPERM", "Request rejected due to insufficient privilege");
    if (this.#rank !== 0) throw new FluxError("EPROTO", "this service is only available on rank 0");
    const { topic: eventTopic, flags, payload } = readPublishRequest(request);
    return this.#publish(Message.event({ topic: eventTopic, payload, flags, userid, rolemask }));
  }
}

/** `{"seq":N}` as C's "i" prints it: a number over 31 bits is negative. */
function seqPayload(seq: number): Uint8Array {
  const text = `${SEQ}${seq | 0}}\0`;
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
