import { FluxError } from "../base/index.ts";
import type { CheckUnpackFormat, Unpacked, UnpackKeys } from "../json/index.ts";
import { Message, MessageType } from "../message/index.ts";
import { given, givenText, rawPayload, stringPayload } from "./arguments.ts";
import { flux_msg_get_string, flux_msg_get_topic, flux_msg_unpack } from "./msg-payload.ts";

/** A request with the string `s`, or none. Throws EINVAL for NULL, ENOMEM. Source: flux_request_encode(3). */
export function flux_request_encode(topic: string, s: string | null): Message {
  return Message.request({ topic: givenText(topic, "topic"), payload: stringPayload(s) });
}

/** A request with bytes, or none. Source: flux_request_encode(3). */
export function flux_request_encode_raw(topic: string, data: Uint8Array | null): Message {
  return Message.request({ topic: givenText(topic, "topic"), payload: rawPayload(data) });
}

/**
 * Topic and string of a request; the string is NULL when it has none.
 * @throws FluxError EINVAL for NULL, EPROTO for another message, one without topic, and a payload that is no string.
 *   Source: flux_request_decode(3).
 */
export function flux_request_decode(msg: Message): [topic: string, s: string | null] {
  return [topicOf(msg), flux_msg_get_string(msg)];
}

/** Topic and values of a request's JSON object: keys go in, values come out, in the order of the format. Source: flux_request_decode(3). */
export function flux_request_unpack<const F extends string>(
  msg: Message,
  fmt: CheckUnpackFormat<F>,
  ...keys: UnpackKeys<F>
): [topic: string, ...Unpacked<F>] {
  given(fmt as string, "fmt");
  const topic = topicOf(msg);
  return [topic, ...(flux_msg_unpack(msg, fmt as string, ...(keys as string[])) as Unpacked<F>)];
}

/** Topic and bytes of a request; the bytes are NULL when it has none. Source: flux_request_decode(3). */
export function flux_request_decode_raw(msg: Message): [topic: string, data: Uint8Array | null] {
  return [topicOf(msg), msg.payload ?? null];
}

function topicOf(msg: Message): string {
  if (given(msg, "msg").type !== MessageType.REQUEST) throw new FluxError("EPROTO", "message is no request");
  return flux_msg_get_topic(msg);
}
