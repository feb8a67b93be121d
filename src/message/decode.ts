import { FluxError } from "../base/index.ts";
import { MAX_ROUTE_BYTES, MessageFlag } from "./constants.ts";
import { checkHeader, HEADER_BYTES, readWord } from "./header.ts";
import { FRAME_MAGIC, Message, PREAMBLE_BYTES } from "./message.ts";
import { partContent, partLength } from "./parts.ts";

/** What the next part of a message is, in the order of RFC 3. */
const ROUTES = 0;
const TOPIC = 1;
const PAYLOAD = 2;
const REST = 3;
/** Most parts that no flag announces: each costs time, and no known sender adds any. */
export const MAX_EXTRA_PARTS = 1024;

/**
 * Reads the parts in `bytes[start, end)` (a frame without its preamble) as a message that points into them.
 *
 * As flux-core's decoder it takes parts that no flag announces between payload and header, a payload of no bytes and a long length
 * for a short part. Its time is bounded: it walks at most 8 MiB of routes and 1,024 parts that no flag announces.
 * @throws FluxError EINVAL when a part runs past the end; EPROTO when the last part is no header, a part is missing
 *   that the flags announce, or there are more parts than that.
 */
export function decodeMessage(bytes: Uint8Array, start = 0, end = bytes.length): Message {
  const flags = end - start > HEADER_BYTES ? bytes[end - HEADER_BYTES + 3]! : 0;
  let stage: number = nextStage(flags, ROUTES);
  let at = start;
  let headEnd = start;
  let topicPart = start;
  let bodyStart = start;
  let bodyEnd = start;
  let lastLength = -1;
  let extraParts = 0;
  while (at < end) {
    const content = partContent(bytes, at);
    if (content > end) throw new FluxError("EINVAL", "message part length is truncated");
    const length = partLength(bytes, at, content);
    const next = content + length;
    if (next > end)
      throw new FluxError("EINVAL", `message part of ${length} bytes runs past the end of its message`);
    if (next === end) {
      lastLength = length;
      break;
    }
    if (stage === ROUTES) {
      headEnd = next;
      topicPart = next;
      if (next - start > MAX_ROUTE_BYTES)
        throw new FluxError("EPROTO", `message has routes of more than ${MAX_ROUTE_BYTES} bytes`);
      if (length === 0) stage = nextStage(flags, TOPIC);
    } else if (stage === TOPIC) {
      topicPart = at;
      headEnd = next;
      stage = nextStage(flags, PAYLOAD);
    } else if (stage === PAYLOAD) {
      bodyStart = content;
      bodyEnd = next;
      stage = REST;
    } else if (++extraParts > MAX_EXTRA_PARTS) {
      throw new FluxError("EPROTO", `message has more than ${MAX_EXTRA_PARTS} parts that no flag announces`);
    }
    at = next;
  }
  if (lastLength !== HEADER_BYTES) throw new FluxError("EPROTO", "message does not end with a header");
  const header = end - HEADER_BYTES;
  checkHeader(bytes, header);
  if (stage !== REST) throw new FluxError("EPROTO", "message lacks a part that its flags announce");
  const fields = {
    type: bytes[header + 2]!,
    flags,
    userid: readWord(bytes, header + 4),
    rolemask: readWord(bytes, header + 8),
    aux1: readWord(bytes, header + 12),
    aux2: readWord(bytes, header + 16),
  };
  return new Message(fields, bytes, start, headEnd, topicPart, bytes, bodyStart, bodyEnd);
}

function nextStage(flags: number, from: number): number {
  if (from <= ROUTES && (flags & MessageFlag.ROUTE) !== 0) return ROUTES;
  if (from <= TOPIC && (flags & MessageFlag.TOPIC) !== 0) return TOPIC;
  if (from <= PAYLOAD && (flags & MessageFlag.PAYLOAD) !== 0) return PAYLOAD;
  return REST;
}

/**
 * Reads one whole frame, preamble included.
 * @throws FluxError EPROTO when the preamble is wrong or does not fit the number of bytes; and those of `decodeMessage`.
 */
export function decodeFrame(frame: Uint8Array): Message {
  if (frame.length < PREAMBLE_BYTES || readWord(frame, 0) !== FRAME_MAGIC) {
    throw new FluxError("EPROTO", "frame does not start with the Flux magic");
  }
  const length = readWord(frame, 4);
  if (length === 0 || length !== frame.length - PREAMBLE_BYTES) {
    throw new FluxError(
      "EPROTO",
      `frame announces ${length} bytes but holds ${frame.length - PREAMBLE_BYTES}`,
    );
  }
  return decodeMessage(frame, PREAMBLE_BYTES);
}

/**
 * The messages of frames that stand one behind the other, as messages that point into them: the bytes must not change any more.
 * @throws FluxError EPROTO when the bytes are no whole frames, and those of `decodeMessage`.
 */
export function decodeAll(frames: Uint8Array): Message[] {
  const messages: Message[] = [];
  for (let at = 0; at < frames.length; ) {
    const start = at + PREAMBLE_BYTES;
    if (start > frames.length || readWord(frames, at) !== FRAME_MAGIC)
      throw new FluxError("EPROTO", "frame does not start with the Flux magic");
    at = start + readWord(frames, at + 4);
    if (at > frames.length) throw new FluxError("EPROTO", "frame is cut off");
    messages.push(decodeMessage(frames, start, at));
  }
  return messages;
}
