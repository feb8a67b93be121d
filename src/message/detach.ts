import { copyBytes, EMPTY } from "../base/index.ts";
import { MessageFlag } from "./constants.ts";
import type { Message } from "./message.ts";

/** Memory for the heads of about ten messages: whoever keeps one of them keeps no more than this. A view for each would cost several times as much. */
const HEADS_BYTES = 1024;

let heads = EMPTY;
let used = 0;

/**
 * Moves a message that is kept for long into other memory: it came in a chunk with many others, which it would keep whole. Its payload goes, unless
 * `withPayload` says that somebody will read it.
 */
export function detach(message: Message, withPayload: boolean): void {
  message.edit({ payload: withPayload ? keptPayload(message) : null });
  const { head, headStart, headEnd } = message;
  const length = headEnd - headStart;
  const start = reserve(length);
  copyBytes(heads, start, head, headStart, headEnd);
  message.head = heads;
  message.topicPart += start - headStart;
  message.headStart = start;
  message.headEnd = start + length;
}

/** Makes room in `heads`, never in memory that others than heads share; returns where it begins. */
function reserve(length: number): number {
  if (used + length > heads.length) {
    heads = new Uint8Array(Math.max(HEADS_BYTES, length));
    used = 0;
  }
  used += length;
  return used - length;
}

/** A payload in memory that is not much larger than it; null without one. */
function keptPayload({ flags, body, bodyStart, bodyEnd }: Message): Uint8Array | null {
  if ((flags & MessageFlag.PAYLOAD) === 0) return null;
  const length = bodyEnd - bodyStart;
  const part = body.subarray(bodyStart, bodyEnd);
  if (length * 2 >= body.buffer.byteLength) return part;
  const copy = new Uint8Array(length);
  copy.set(part);
  return copy;
}
