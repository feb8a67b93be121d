import { allocate, copyBytes, EMPTY, type FluxError } from "../base/index.ts";
import { MessageFlag } from "./constants.ts";
import { Message } from "./message.ts";
import { partContent, writePartLength } from "./parts.ts";
import { textPayload } from "./payload.ts";

/** Makes an error of a response, in its place: who waits for it gets `error`, which ends a stream. */
export function failResponse(response: Message, error: FluxError): void {
  response.edit({ payload: textPayload(error.message) });
  response.aux1 = error.errno;
}

/**
 * A message with the first `maxBytes` bytes of its topic, and without its payload; itself when its topic is
 * not longer. The routes are taken over unread. For the answer to a request with a topic that is too long.
 */
export function cutTopic(message: Message, maxBytes: number): Message {
  const { type, flags, userid, rolemask, aux1, aux2, head, headStart, headEnd, topicPart } = message;
  if ((flags & MessageFlag.TOPIC) === 0) return message;
  const start = partContent(head, topicPart);
  if (headEnd - start <= maxBytes) return message;
  let end = start + maxBytes;
  // Not within a character.
  while (end > start && (head[end]! & 0xc0) === 0x80) end--;
  const routeBytes = topicPart - headStart;
  const bytes = allocate(routeBytes + 5 + end - start);
  copyBytes(bytes, 0, head, headStart, topicPart);
  const at = writePartLength(bytes, routeBytes, end - start);
  copyBytes(bytes, at, head, start, end);
  const header = { type, flags: flags & ~MessageFlag.PAYLOAD, userid, rolemask, aux1, aux2 };
  return new Message(header, bytes, 0, at + end - start, routeBytes, EMPTY, 0, 0);
}
