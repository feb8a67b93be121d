import { FluxError } from "../base/index.ts";
import { Request, Response } from "../client/index.ts";
import {
  type CheckPackFormat,
  type CheckUnpackFormat,
  type PackArgs,
  packText,
  type Unpacked,
  type UnpackKeys,
} from "../json/index.ts";
import { type Message, MessageFlag, MessageType, Role } from "../message/index.ts";
import { given, givenText, rawPayload, stringPayload } from "./arguments.ts";

/** The topic. Throws EPROTO for a message without one. Source: message.h. */
export function flux_msg_get_topic(msg: Message): string {
  const { topic } = given(msg, "msg");
  if (topic === undefined) throw new FluxError("EPROTO", "message has no topic");
  return topic;
}

/** Sets the topic; NULL takes it away. Throws EINVAL for a control message and a topic with a NUL. Source: message.h. */
export function flux_msg_set_topic(msg: Message, topic: string | null): void {
  if (given(msg, "msg").type === MessageType.CONTROL) throw new FluxError("EINVAL");
  msg.edit({ topic: topic === null ? null : givenText(topic, "topic") });
}

/** True when there is a payload. Source: message.h. */
export function flux_msg_has_payload(msg: Message): boolean {
  return msg?.has(MessageFlag.PAYLOAD) ?? false;
}

/** The payload's bytes, not to be changed. Throws EPROTO for a message without any. Source: message.h. */
export function flux_msg_get_payload(msg: Message): Uint8Array {
  const { payload } = given(msg, "msg");
  if (payload === undefined) throw new FluxError("EPROTO", "message has no payload");
  return payload;
}

/** Sets the payload; NULL or no bytes takes it away. Throws ENOMEM. Source: message.h. */
export function flux_msg_set_payload(msg: Message, data: Uint8Array | null): void {
  given(msg, "msg").edit({ payload: rawPayload(data) ?? null });
}

/** The payload as a string, NULL without one. Throws EPROTO when it does not end with a NUL or is not UTF-8. Source: message.h. */
export function flux_msg_get_string(msg: Message): string | null {
  return given(msg, "msg").text ?? null;
}

/** Sets a string payload; NULL takes it away. Throws ENOMEM, EINVAL for a string with a NUL. Source: message.h. */
export function flux_msg_set_string(msg: Message, s: string | null): void {
  given(msg, "msg").edit({ payload: stringPayload(s) ?? null });
}

/** Sets a JSON payload by a json_pack(3) format. Throws EINVAL for one that is wrong or makes no object, ENOMEM. Source: message.h. */
export function flux_msg_pack<const F extends string>(
  msg: Message,
  fmt: CheckPackFormat<F>,
  ...args: PackArgs<F>
): void {
  given(msg, "msg");
  flux_msg_set_string(msg, packText(given(fmt as string, "fmt"), ...(args as unknown[])));
}

/**
 * Reads a JSON payload by a json_unpack(3) format: keys go in, values come out, both in the order of the format.
 * @throws FluxError EPROTO when there is no such payload or it does not fit, EINVAL for an empty format, EMSGSIZE for a request over the default limits of
 *   `JsonLimits`. Source: message.h.
 */
export function flux_msg_unpack<const F extends string>(
  msg: Message,
  fmt: CheckUnpackFormat<F>,
  ...keys: UnpackKeys<F>
): Unpacked<F> {
  given(msg, "msg");
  if (given(fmt as string, "fmt") === "") throw new FluxError("EINVAL", "fmt is empty");
  // One without roles was not received.
  const isReceived = msg.type === MessageType.REQUEST && msg.rolemask !== Role.NONE;
  const received = isReceived ? new Request(msg, undefined) : new Response(msg);
  return received.unpack(fmt as string, ...(keys as string[])) as Unpacked<F>;
}
