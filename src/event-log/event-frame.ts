import { copyBytes, decodeUtf8 } from "../base/index.ts";
import {
  FRAME_MAGIC,
  type FrameBytes,
  HEADER_BYTES,
  type Message,
  MessageFlag,
  PREAMBLE_BYTES,
  partBytes,
  partContent,
  partLength,
  writeHeader,
  writePartLength,
} from "../message/index.ts";

/**
 * @file An event as bytes: the frame of the local socket protocol (preamble, topic part, payload part, header part) with no route stack. The
 * header is the end of it, so that sequence number, flags and sender stand at fixed places before the frame's end. A frame is `[at, end)`.
 */

const HEADER_PART_BYTES = HEADER_BYTES + 1;
/** Bytes of the shortest frame: a header and nothing else. */
export const LEAST_FRAME_BYTES = PREAMBLE_BYTES + HEADER_PART_BYTES;

/** Where an event stands as a frame: `bytes[start, end)`. */
export interface EventSpan extends FrameBytes {
  readonly start: number;
  readonly end: number;
}

/** Bytes of `event` as a frame without routes. */
export function eventFrameBytes(event: Message): number {
  const { flags, topicPart, headEnd, bodyStart, bodyEnd } = event;
  const body = (flags & MessageFlag.PAYLOAD) === 0 ? 0 : partBytes(bodyEnd - bodyStart);
  return LEAST_FRAME_BYTES + headEnd - topicPart + body;
}

/** Writes `event` at `start`, where there is room for `size` bytes: what `eventFrameBytes` says. */
export function writeEventFrame(
  { bytes, words }: FrameBytes,
  start: number,
  size: number,
  event: Message,
): void {
  const { head, topicPart, headEnd, body, bodyStart, bodyEnd, flags } = event;
  words.setUint32(start, FRAME_MAGIC);
  words.setUint32(start + 4, size - PREAMBLE_BYTES);
  let at = start + PREAMBLE_BYTES;
  const length = bodyEnd - bodyStart;
  const hasBody = (flags & MessageFlag.PAYLOAD) !== 0;
  // As it came: the payload part stands behind the topic part, its length in the shortest form.
  const together = hasBody && body === head && bodyStart === headEnd + partBytes(length) - length;
  const headStop = together ? bodyEnd : headEnd;
  copyBytes(bytes, at, head, topicPart, headStop);
  at += headStop - topicPart;
  if (hasBody && !together) {
    at = writePartLength(bytes, at, length);
    copyBytes(bytes, at, body, bodyStart, bodyEnd);
    at += length;
  }
  bytes[at] = HEADER_BYTES;
  writeHeader(words, at + 1, event, flags & ~MessageFlag.ROUTE);
}

/** The sequence number of the frame that ends at `end`. */
export function frameSeq({ words }: FrameBytes, end: number): number {
  return words.getUint32(end - 8);
}

/** The flags of the frame that ends at `end`. */
export function frameFlags({ bytes }: FrameBytes, end: number): number {
  return bytes[end - 17]!;
}

/** The user id of who sent the event that ends at `end`. */
export function frameUserid({ words }: FrameBytes, end: number): number {
  return words.getUint32(end - 16);
}

/** The roles of who sent the event that ends at `end`. */
export function frameRolemask({ words }: FrameBytes, end: number): number {
  return words.getUint32(end - 12);
}

/** The end of the frame at `at`. */
export function frameEnd({ words }: FrameBytes, at: number): number {
  return at + PREAMBLE_BYTES + words.getUint32(at + 4);
}

/** True when the topic of the frame `[at, end)` starts with the bytes of `prefix`. */
export function topicStartsWith({ bytes }: FrameBytes, at: number, end: number, prefix: Uint8Array): boolean {
  const { length } = prefix;
  if (length === 0) return true;
  if ((bytes[end - 17]! & MessageFlag.TOPIC) === 0) return false;
  const part = at + PREAMBLE_BYTES;
  const topic = partContent(bytes, part);
  if (partLength(bytes, part, topic) < length) return false;
  // Topics mostly differ near their ends, for they share their first words: from behind.
  for (let i = length - 1; i >= 0; i--) if (bytes[topic + i] !== prefix[i]) return false;
  return true;
}

/** The topic of the frame `[at, end)`, up to its first NUL; "" without one. */
export function frameTopic({ bytes }: FrameBytes, at: number, end: number): string {
  if ((bytes[end - 17]! & MessageFlag.TOPIC) === 0) return "";
  const part = at + PREAMBLE_BYTES;
  const start = partContent(bytes, part);
  const text = decodeUtf8(bytes, start, start + partLength(bytes, part, start));
  const nul = text.indexOf("\0");
  return nul < 0 ? text : text.slice(0, nul);
}
