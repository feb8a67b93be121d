import { FluxError } from "../base/index.ts";
import { Message, MessageType } from "../message/index.ts";
import { given, givenText, rawPayload, stringPayload } from "./arguments.ts";
import { flux_msg_get_string, flux_msg_get_topic } from "./msg-payload.ts";

/** A response with the string `s`, or none. Throws EINVAL for NULL, ENOMEM. Source: response.h. */
export function flux_response_encode(topic: string, s: string | null): Message {
  return Message.response({ topic: givenText(topic, "topic"), payload: stringPayload(s) });
}

/** A response with bytes, or none. Source: response.h. */
export function flux_response_encode_raw(topic: string, data: Uint8Array | null): Message {
  return Message.response({ topic: givenText(topic, "topic"), payload: rawPayload(data) });
}

/** An error response, with a text or none. Throws EINVAL for `errnum` 0. Source: response.h. */
export function flux_response_encode_error(topic: string, errnum: number, errstr: string | null): Message {
  if (errnum === 0) throw new FluxError("EINVAL", "errnum 0 is success");
  return Message.response({ topic: givenText(topic, "topic"), errnum, payload: stringPayload(errstr) });
}

/** The response to a request, without payload. Throws EINVAL for NULL and a request that wants none. Source: response.h. */
export function flux_response_derive(request: Message, errnum: number): Message {
  return given(request, "request").deriveResponse(errnum, undefined);
}

/**
 * Topic and string of a response; the string is NULL when it has none.
 * @throws FluxError the error of an error response, with its text; EINVAL for NULL, EPROTO for another message, one without topic, and a
 *   payload that is no string. Source: flux_response_decode(3).
 */
export function flux_response_decode(msg: Message): [topic: string, s: string | null] {
  return [topicOf(msg), flux_msg_get_string(msg)];
}

/** Topic and bytes of a response; the bytes are NULL when it has none. Throws as flux_response_decode. Source: flux_response_decode(3). */
export function flux_response_decode_raw(msg: Message): [topic: string, data: Uint8Array | null] {
  return [topicOf(msg), msg.payload ?? null];
}

/** The text of an error response. Throws ENOENT when it is none or has none, EPROTO for another message. Source: flux_response_decode(3). */
export function flux_response_decode_error(msg: Message): string {
  const { errnum } = given(msg, "msg");
  const text = errnum === 0 ? null : flux_msg_get_string(msg);
  if (text === null) throw new FluxError("ENOENT", "response has no error text");
  return text;
}

function topicOf(msg: Message): string {
  if (given(msg, "msg").type !== MessageType.RESPONSE)
    throw new FluxError("EPROTO", "message is no response");
  const topic = flux_msg_get_topic(msg);
  if (msg.errnum === 0) return topic;
  let text: string | undefined;
  try {
    text = msg.text;
  } catch {
    // The payload of an error is for people: one that is no text says nothing.
  }
  throw new FluxError(msg.errnum, text, { topic });
}
