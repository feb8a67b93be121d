import {
  allocate,
  base64Length,
  concatBytes,
  encodeUtf8,
  FluxError,
  ownText,
  writeBase64,
} from "../base/index.ts";
import { Message, MessageFlag } from "../message/index.ts";
import { jsonOf } from "./payload.ts";

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
  const head = headOf(topic, flags);
  if (payload === undefined) return concatBytes([head, END]);
  const encoded = base64Length(payload.length);
  const bytes = allocate(head.length + PAYLOAD.length + encoded + 1 + END.length);
  bytes.set(head);
  bytes.set(PAYLOAD, head.length);
  const at = head.length + PAYLOAD.length;
  writeBase64(bytes, at, payload);
  bytes[at + encoded] = 0x22;
  bytes.set(END, at + encoded + 1);
  return bytes;
}

const PAYLOAD = encodeUtf8(',"payload":"');
const END = encodeUtf8("}\0");

export const CACHE_SIZE = 1024;
/** Longest topic whose text is kept, in UTF-16 units. */
export const LONGEST_TOPIC = 256;
/** Texts before the payload, of public events by topic. The oldest is dropped. */
const heads = new Map<string, Uint8Array>();

function headOf(topic: string, flags: number): Uint8Array {
  const isKept = flags === 0 && topic.length <= LONGEST_TOPIC;
  const known = isKept ? heads.get(topic) : undefined;
  if (known !== undefined) return known;
  const head = encodeUtf8(`{"topic":${JSON.stringify(topic)},"flags":${flags}`);
  if (isKept) {
    if (heads.size >= CACHE_SIZE) heads.delete(heads.keys().next().value as string);
    heads.set(ownText(topic), head);
  }
  return head;
}

const SEQ = encodeUtf8('{"seq":');

/**
 * The sequence number in the response to event.publish.
 * @throws FluxError EPROTO when there is none.
 */
export function readSequence(response: Message): number {
  const seq = scanSequence(response) ?? (jsonOf(response) as { readonly seq?: unknown } | undefined)?.seq;
  if (typeof seq !== "number") {
    throw new FluxError("EPROTO", "response to event.publish has no seq", { topic: "event.publish" });
  }
  return seq >>> 0;
}

/** The number in `{"seq":N}` as brokers write it; undefined for any other text. */
function scanSequence({ body, bodyStart, bodyEnd }: Message): number | undefined {
  const last = bodyEnd - END.length;
  let at = bodyStart + SEQ.length;
  if (last <= at || last - at > 10 || body[last] !== END[0] || body[last + 1] !== END[1]) return undefined;
  for (let i = 0; i < SEQ.length; i++) if (body[bodyStart + i] !== SEQ[i]) return undefined;
  let seq = 0;
  for (; at < last; at++) {
    const digit = body[at]! - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    seq = seq * 10 + digit;
  }
  return seq;
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
