import { FluxError } from "../base/index.ts";
import { encodePublish, type Flux } from "../client/index.ts";
import {
  type CheckPackFormat,
  type CheckUnpackFormat,
  type PackArgs,
  pack,
  packText,
  stringifyJson,
  type Unpacked,
  type UnpackKeys,
} from "../json/index.ts";
import { Message, MessageType } from "../message/index.ts";
import { checkFlags, given, givenBytes, givenText, rawPayload, stringPayload } from "./arguments.ts";
import { FLUX_MSGFLAG_PRIVATE, FLUX_NODEID_ANY, FLUX_O_TEST_NOSUB } from "./constants.ts";
import { flux_future_get, type flux_future_t } from "./future.ts";
import { flux_flags_get } from "./handle.ts";
import { inboxOf } from "./inbox.ts";
import { flux_msg_get_string, flux_msg_get_topic, flux_msg_unpack } from "./msg-payload.ts";
import { flux_rpc_get_unpack, flux_rpc_message, flux_rpc_pack } from "./rpc.ts";

/**
 * Publishes an event with the string `s`, or without payload.
 * @param flags - 0 or FLUX_MSGFLAG_PRIVATE.
 * @returns a future that is fulfilled when rank 0 has taken and numbered the event: see flux_event_publish_get_seq.
 * @throws FluxError EINVAL for other flags and NULL; ENOSYS when the handle has no send operation; ENOMEM. The future gives EPROTO for an
 *   event that rank 0 finds malformed. Source: flux_event_publish(3).
 */
export function flux_event_publish(h: Flux, topic: string, flags: number, s: string | null): flux_future_t {
  return publish(h, topic, flags, () => stringPayload(s));
}

/** As flux_event_publish with json_pack(3) arguments. Throws also EINVAL for a format that is wrong. Source: flux_event_publish(3). */
export function flux_event_publish_pack<const F extends string>(
  h: Flux,
  topic: string,
  flags: number,
  fmt: CheckPackFormat<F>,
  ...args: PackArgs<F>
): flux_future_t {
  const format = given(fmt as string, "fmt");
  return publish(h, topic, flags, () => stringPayload(stringifyJson(pack(format, ...(args as unknown[])))));
}

/** As flux_event_publish with bytes, or none. Source: flux_event_publish(3). */
export function flux_event_publish_raw(
  h: Flux,
  topic: string,
  flags: number,
  data: Uint8Array | null,
): flux_future_t {
  return publish(h, topic, flags, () => givenBytes(data) ?? undefined);
}

/** The sequence number of the event, once it has one. Throws as flux_rpc_get_unpack. Source: flux_event_publish(3). */
export async function flux_event_publish_get_seq(f: flux_future_t): Promise<number> {
  const [seq] = await flux_rpc_get_unpack(f, "{s:i}", "seq");
  return seq >>> 0;
}

/**
 * Has the events brought here whose topic begins with `topic`: to flux_recv and message handlers. Counts: each needs an unsubscribe.
 * Resolves when the broker has taken it. Throws EINVAL for NULL. Source: flux_event_subscribe(3).
 */
export async function flux_event_subscribe(h: Flux, topic: string): Promise<void> {
  if ((flux_flags_get(h) & FLUX_O_TEST_NOSUB) !== 0) inboxOf(h);
  else await flux_future_get(flux_event_subscribe_ex(h, topic, 0));
}

/** As flux_event_subscribe with the flags of flux_rpc; returns the future of the request. Source: event.h. */
export function flux_event_subscribe_ex(h: Flux, topic: string, flags: number): flux_future_t {
  const prefix = givenText(topic, "topic");
  inboxOf(given(h, "h"));
  return flux_rpc_pack(h, "event.subscribe", FLUX_NODEID_ANY, flags, "{s:s}", "topic", prefix);
}

/** Takes one subscription to the very `topic` back. Resolves when the broker has done it. Source: flux_event_subscribe(3). */
export async function flux_event_unsubscribe(h: Flux, topic: string): Promise<void> {
  if ((flux_flags_get(h) & FLUX_O_TEST_NOSUB) !== 0) return;
  await flux_future_get(flux_event_unsubscribe_ex(h, topic, 0));
}

/** As flux_event_unsubscribe with the flags of flux_rpc; returns the future of the request. Source: event.h. */
export function flux_event_unsubscribe_ex(h: Flux, topic: string, flags: number): flux_future_t {
  const prefix = givenText(topic, "topic");
  return flux_rpc_pack(h, "event.unsubscribe", FLUX_NODEID_ANY, flags, "{s:s}", "topic", prefix);
}

/** An event with the string `s`, or none, for flux_send. Throws EINVAL for NULL, ENOMEM. Source: flux_event_decode(3). */
export function flux_event_encode(topic: string, s: string | null): Message {
  return Message.event({ topic: givenText(topic, "topic"), payload: stringPayload(s) });
}

/** An event with a json_pack(3) object. Throws EINVAL for a format that is wrong or makes no object. Source: flux_event_decode(3). */
export function flux_event_pack<const F extends string>(
  topic: string,
  fmt: CheckPackFormat<F>,
  ...args: PackArgs<F>
): Message {
  givenText(topic, "topic");
  return flux_event_encode(topic, packText(given(fmt as string, "fmt"), ...(args as unknown[])));
}

/** An event with bytes, or none. Source: flux_event_decode(3). */
export function flux_event_encode_raw(topic: string, data: Uint8Array | null): Message {
  return Message.event({ topic: givenText(topic, "topic"), payload: rawPayload(data) });
}

/**
 * Topic and string of an event; the string is NULL when it has none.
 * @throws FluxError EINVAL for NULL, EPROTO for another message, one without topic, and a payload that is no string.
 *   Source: flux_event_decode(3).
 */
export function flux_event_decode(msg: Message): [topic: string, s: string | null] {
  return [topicOf(msg), flux_msg_get_string(msg)];
}

/** Topic and bytes of an event; the bytes are NULL when it has none. Source: flux_event_decode(3). */
export function flux_event_decode_raw(msg: Message): [topic: string, data: Uint8Array | null] {
  return [topicOf(msg), msg.payload ?? null];
}

/** Topic and values of an event's JSON object: keys go in, values come out, in the order of the format. Source: flux_event_decode(3). */
export function flux_event_unpack<const F extends string>(
  msg: Message,
  fmt: CheckUnpackFormat<F>,
  ...keys: UnpackKeys<F>
): [topic: string, ...Unpacked<F>] {
  const topic = topicOf(msg);
  return [topic, ...(flux_msg_unpack(msg, fmt as string, ...(keys as string[])) as Unpacked<F>)];
}

function publish(h: Flux, topic: string, flags: number, encode: () => Uint8Array | undefined): flux_future_t {
  given(h, "h");
  checkFlags(flags, FLUX_MSGFLAG_PRIVATE);
  const payload = encodePublish(givenText(topic, "topic"), flags, encode());
  return flux_rpc_message(h, Message.request({ topic: "event.publish", payload }), 0, 0);
}

function topicOf(msg: Message): string {
  if (given(msg, "msg").type !== MessageType.EVENT) throw new FluxError("EPROTO", "message is no event");
  return flux_msg_get_topic(msg);
}
