import { FluxError } from "../../base/index.ts";
import type { Methods } from "../../client/index.ts";
import { Message, Role } from "../../message/index.ts";
import { readPublishRequest } from "../publish-request.ts";

/**
 * `event`: publication with confirmation. The event is with its subscribers' queues before the response is sent. Subscriptions are
 * the connector's affair. Source: RFC 3; event_publish_cb in flux-core.
 */
export function eventMethods(rank: number, publish: (event: Message) => number): Methods {
  return {
    publish: {
      allow: Role.USER,
      request(request) {
        if (rank !== 0) throw new FluxError("EPROTO", "this service is only available on rank 0");
        const { topic, flags, payload } = readPublishRequest(request.message);
        const { userid, rolemask } = request;
        const seq = publish(Message.event({ topic, payload, flags, userid, rolemask }));
        request.respondRaw(seqPayload(seq));
      },
    },
  };
}

const PREFIX = '{"seq":';

/** `{"seq":N}` as C's "i" prints it: a number over 31 bits is negative. */
function seqPayload(seq: number): Uint8Array {
  const text = `${PREFIX}${seq | 0}}\0`;
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
