import { encodeBase64, FluxError, refusedMemory } from "../base/index.ts";
import { Message, MessageFlag, textPayload } from "../message/index.ts";

/**
 * The payload of an event.publish request: topic, flags and the event's payload in base64. A payload of no bytes is sent as "".
 * @throws FluxError EINVAL for flags other than 0 and PRIVATE, ENOMEM for a payload no text can hold. Source: flux_event_publish(3).
 */
export function encodePublish(topic: string, flags: number, payload: Uint8Array | undefined): Uint8Array {
  if ((flags & ~MessageFlag.PRIVATE) !== 0) {
    throw new FluxError(
      "EINVAL",
      `flags of an event are 0 or PRIVATE (${MessageFlag.PRIVATE}), not ${flags}`,
    );
  }
  const head = `{"topic":${JSON.stringify(topic)},"flags":${flags}`;
  if (payload === undefined) return textPayload(`${head}}`);
  const encoded = encodeBase64(payload);
  try {
    return textPayload(`${head},"payload":"${encoded}"}`);
  } catch (error) {
    throw refusedMemory(error);
  }
}

/**
 * An event as a message of its own, not numbered yet: for `sendEvent`, which publishes without confirmation.
 * Source: flux_event_encode(3).
 */
export function encodeEvent(
  topic: string,
  payload?: Uint8Array,
  options: { readonly private?: boolean | undefined } = {},
): Message {
  return Message.event({ topic, payload, flags: options.private === true ? MessageFlag.PRIVATE : 0 });
}
