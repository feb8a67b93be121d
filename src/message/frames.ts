import { allocate, copyBytes, EMPTY, FluxError } from "../base/index.ts";
import { MAX_ROUTE_BYTES, MessageFlag } from "./constants.ts";
import { checkHeader, HEADER_BYTES, readWord, writeHeader } from "./header.ts";
import { Message } from "./message.ts";
import { partBytes, partContent, partLength, writePartLength } from "./parts.ts";

const NONE: readonly Uint8Array[] = [];

/**
 * A message as the frames of a ZeroMQ multipart message: routes (most recent first), an empty frame, topic, payload, header. They are
 * views of the message's own bytes, which must not change any more; only the header is written anew.
 *
 * There is always an empty frame, and the flag ROUTE with it, as between brokers. `popped` routes are left out from the top of the
 * stack, and then the ids `pushed`, top first, are put there: what a hop does, without a message in between.
 * @throws FluxError EPROTO when the stack holds fewer routes than are to be popped.
 * Source: RFC 3; message_iovec.c in flux-core.
 */
export function encodeFrames(
  message: Message,
  popped = 0,
  pushed: readonly Uint8Array[] = NONE,
): Uint8Array[] {
  const { head, headEnd, flags } = message;
  const frames: Uint8Array[] = pushed.length === 0 ? [] : [...pushed];
  let left = popped;
  if ((flags & MessageFlag.ROUTE) !== 0) {
    for (let at = message.headStart; ; left--) {
      const content = partContent(head, at);
      const length = partLength(head, at, content);
      if (length === 0) break;
      at = content + length;
      if (left <= 0) frames.push(head.subarray(content, at));
    }
  }
  if (left > 0) throw new FluxError("EPROTO", "message has too few routes");
  frames.push(EMPTY);
  if ((flags & MessageFlag.TOPIC) !== 0)
    frames.push(head.subarray(partContent(head, message.topicPart), headEnd));
  if ((flags & MessageFlag.PAYLOAD) !== 0) frames.push(message.payload!);
  const header = allocate(HEADER_BYTES);
  writeHeader(new DataView(header.buffer, header.byteOffset), 0, message, flags | MessageFlag.ROUTE);
  frames.push(header);
  return frames;
}

/**
 * Offset in the head of a message behind `count` routes from the top of its stack: where to go on without them.
 * @throws FluxError EPROTO when the stack holds fewer.
 */
export function afterRoutes({ flags, head, headStart }: Message, count: number): number {
  let at = headStart;
  for (let left = count; left > 0; left--) {
    const content = partContent(head, at);
    const length = (flags & MessageFlag.ROUTE) === 0 ? 0 : partLength(head, at, content);
    if (length === 0) throw new FluxError("EPROTO", "message has too few routes");
    at = content + length;
  }
  return at;
}

/**
 * The message of some frames. Its payload is the frame itself, which must not change any more; routes and topic are copied. `from`, the id
 * of the peer that sent it, is pushed on the route stack, as a ROUTER socket does.
 *
 * As flux-core's decoder it takes frames that no flag announces between payload and header, and a payload of no bytes.
 * @throws FluxError EPROTO when the last frame is no header, a frame is missing that the flags announce, or
 *   the routes take more than 8 MiB.
 */
export function decodeFrames(frames: readonly Uint8Array[], from: Uint8Array = EMPTY): Message {
  const last = frames.length - 1;
  const header = frames[last];
  if (header?.length !== HEADER_BYTES)
    throw new FluxError("EPROTO", "message does not end with a header frame");
  checkHeader(header, 0);
  const flags = header[3]!;
  let delimiter = -1;
  let next = 0;
  let size = 0;
  if ((flags & MessageFlag.ROUTE) !== 0) {
    size = from.length > 0 ? partBytes(from.length) + 1 : 1;
    for (; next < last && frames[next]!.length > 0; next++) size += partBytes(frames[next]!.length);
    if (size > MAX_ROUTE_BYTES)
      throw new FluxError("EPROTO", `message has routes of more than ${MAX_ROUTE_BYTES} bytes`);
    delimiter = next++;
  }
  const topic = (flags & MessageFlag.TOPIC) !== 0 ? next++ : -1;
  const payload = (flags & MessageFlag.PAYLOAD) !== 0 ? next++ : -1;
  if (next > last) throw new FluxError("EPROTO", "message lacks a frame that its flags announce");
  if (topic >= 0) size += partBytes(frames[topic]!.length);
  const head = size === 0 ? EMPTY : allocate(size);
  let at = delimiter >= 0 && from.length > 0 ? writePart(head, 0, from) : 0;
  for (let i = 0; i < delimiter; i++) at = writePart(head, at, frames[i]!);
  if (delimiter >= 0) head[at++] = 0;
  if (topic >= 0) writePart(head, at, frames[topic]!);
  const fields = {
    type: header[2]!,
    flags,
    userid: readWord(header, 4),
    rolemask: readWord(header, 8),
    aux1: readWord(header, 12),
    aux2: readWord(header, 16),
  };
  const body = payload >= 0 ? frames[payload]! : EMPTY;
  return new Message(fields, head, 0, size, at, body, 0, body.length);
}

function writePart(bytes: Uint8Array, at: number, part: Uint8Array): number {
  const content = writePartLength(bytes, at, part.length);
  copyBytes(bytes, content, part, 0, part.length);
  return content + part.length;
}
