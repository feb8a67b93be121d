import { MessageFlag, MessageType, Role, USERID_UNKNOWN } from "./constants.ts";
import type { Credential } from "./credentials.ts";
import { HEADER_BYTES, isHeaderWord } from "./header.ts";
import { FRAME_MAGIC } from "./message.ts";
import { partBytes, partContent, partLength } from "./parts.ts";

const PLAIN_FLAGS = MessageFlag.ROUTE | MessageFlag.TOPIC;

/** Bytes of frames, and the 32-bit words at any offset of them: reading a word takes a quarter of reading its bytes. */
export interface FrameBytes {
  readonly bytes: Uint8Array;
  /** Of the very same memory. */
  readonly words: DataView;
}

/**
 * True when `[rest, end)`, the end of a message behind some whole route parts, is that of a response whose route stack ends at `rest`, and whose
 * parts are the announced ones in their shortest form. `decodeMessage` takes such a message, and with those routes popped it goes out with the
 * very bytes it has from `rest` on.
 */
export function isPlainResponse({ bytes, words }: FrameBytes, rest: number, end: number): boolean {
  const header = end - HEADER_BYTES;
  if (rest + 2 >= header || bytes[header - 1] !== HEADER_BYTES || bytes[rest] !== 0) return false;
  const flags = bytes[header + 3]!;
  if (!isHeaderWord(words.getUint32(header), MessageType.RESPONSE) || (flags & PLAIN_FLAGS) !== PLAIN_FLAGS)
    return false;
  const topic = partContent(bytes, rest + 1);
  if (topic !== rest + 2) return false;
  let at = topic + bytes[rest + 1]!;
  if ((flags & MessageFlag.PAYLOAD) !== 0) {
    if (at >= header - 1) return false;
    const content = partContent(bytes, at);
    const length = partLength(bytes, at, content);
    if (content + length !== at + partBytes(length)) return false;
    at = content + length;
  }
  return at === header - 1;
}

/** Stamps the message that ends at `end` as `stampCredential` does, in its bytes. */
export function stampEncoded({ words }: FrameBytes, end: number, connection: Credential): void {
  const at = end - HEADER_BYTES + 4;
  const owner = (connection.rolemask & Role.OWNER) !== 0;
  if (!owner || words.getUint32(at) === USERID_UNKNOWN) words.setUint32(at, connection.userid);
  if (!owner || words.getUint32(at + 4) === Role.NONE) words.setUint32(at + 4, connection.rolemask);
}

/** Writes the preamble of a frame whose parts take `length` bytes. */
export function writePreamble({ words }: FrameBytes, at: number, length: number): void {
  words.setUint32(at, FRAME_MAGIC);
  words.setUint32(at + 4, length);
}
