import { concatBytes, EMPTY, FluxError } from "../base/index.ts";
import { decodeMessage, Message, MessageFlag, MessageType, PREAMBLE_BYTES } from "../message/index.ts";
import { given, givenBytes } from "./arguments.ts";

/** A message: that of `fluxbus/message`, so that requests and events of the idiomatic API go into these functions and back. */
export type flux_msg_t = Message;

/** A new message of a FLUX_MSGTYPE_*, with nothing in it. Throws EINVAL for another type. Source: flux_msg_create(3). */
export function flux_msg_create(type: number): flux_msg_t {
  const bare = { routes: null };
  switch (type) {
    case MessageType.REQUEST:
      return Message.request(bare);
    case MessageType.RESPONSE:
      return Message.response(bare);
    case MessageType.EVENT:
      return Message.event(bare);
    case MessageType.CONTROL:
      return Message.control({ controlType: 0, status: 0 });
    default:
      throw new FluxError("EINVAL", `${type} is no message type`);
  }
}

/** A copy, with or without the payload. Source: flux_msg_copy(3). */
export function flux_msg_copy(msg: flux_msg_t, payload: boolean): flux_msg_t {
  const { head, headStart, headEnd, topicPart, body, bodyStart, bodyEnd, flags } = given(msg, "msg");
  if (payload) return new Message(msg, head, headStart, headEnd, topicPart, body, bodyStart, bodyEnd);
  const { type, userid, rolemask, aux1, aux2 } = msg;
  const header = { type, flags: flags & ~MessageFlag.PAYLOAD, userid, rolemask, aux1, aux2 };
  return new Message(header, head, headStart, headEnd, topicPart, EMPTY, 0, 0);
}

/** Gives `msg` back: the garbage collector counts. Throws EINVAL for NULL. Source: flux_msg_incref(3). */
export function flux_msg_incref(msg: flux_msg_t): flux_msg_t {
  return given(msg, "msg");
}

/** Does nothing: the garbage collector counts. Source: flux_msg_decref(3). */
export function flux_msg_decref(_msg: flux_msg_t | null): void {}

/** Does nothing: the garbage collector sees to it. Source: flux_msg_destroy(3). */
export function flux_msg_destroy(_msg: flux_msg_t | null): void {}

/** The message as bytes, as the C function encodes it: a frame without its preamble. Throws ENOMEM. Source: flux_msg_encode(3). */
export function flux_msg_encode(msg: flux_msg_t): Uint8Array {
  return given(msg, "msg").encode().subarray(PREAMBLE_BYTES);
}

/**
 * The message that flux_msg_encode made these bytes of.
 * @throws FluxError EINVAL for NULL and where a part is cut off, EPROTO for bytes that are no message. Source: flux_msg_decode(3).
 */
export function flux_msg_decode(buf: Uint8Array): flux_msg_t {
  return decodeMessage(concatBytes([givenBytes(given(buf, "buf"))]));
}
