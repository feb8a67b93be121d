import { FluxError } from "../base/index.ts";
import { MessageFlag } from "./constants.ts";
import { checkHeader, HEADER_BYTES, readWord } from "./header.ts";
import { Message } from "./message.ts";
import { partContent, partLength } from "./parts.ts";

/** Most bytes kept of the front of a frame that is skimmed: its routes and its topic have to fit. */
export const FRONT_BYTES = 8 * 1024;
/** The header part: one byte of length, then the header. */
const BACK_BYTES = HEADER_BYTES + 1;

/** A message that came in a frame over the limit: its sizes in bytes, without the preamble. */
export interface Oversize {
  readonly bytes: number;
  readonly limit: number;
}

/**
 * Reads a frame that is over the limit without keeping it: the first 8 KiB and the last 21 bytes
 * stay, the rest is dropped as it arrives. They are enough to answer the message.
 */
export class Skim {
  /** Bytes of the frame, without its preamble. */
  readonly bytes: number;
  readonly #front: Uint8Array;
  readonly #back = new Uint8Array(BACK_BYTES);
  #seen = 0;

  constructor(bytes: number) {
    this.bytes = bytes;
    this.#front = new Uint8Array(Math.min(bytes, FRONT_BYTES));
  }

  /** Bytes that are kept until the frame ends. */
  get keptBytes(): number {
    return this.#front.length + BACK_BYTES;
  }

  /** True once all bytes of the frame have come. */
  get done(): boolean {
    return this.#seen === this.bytes;
  }

  /** Takes what `chunk` has of the frame from `at` on; returns the offset after it. */
  take(chunk: Uint8Array, at: number): number {
    const count = Math.min(this.bytes - this.#seen, chunk.length - at);
    const end = at + count;
    const front = this.#front;
    if (this.#seen < front.length)
      front.set(chunk.subarray(at, Math.min(end, at + front.length - this.#seen)), this.#seen);
    this.#seen += count;
    // Offset in `chunk` where the last 21 bytes of the frame begin; it may lie outside.
    const back = end + this.bytes - this.#seen - BACK_BYTES;
    const from = Math.max(at, back);
    if (from < end) this.#back.set(chunk.subarray(from, end), from - back);
    return end;
  }

  /**
   * The message of the frame, without its payload. Called once, when `done`.
   * @throws FluxError EPROTO or EINVAL when routes and topic are not all in the front, or something
   *   is malformed.
   */
  message(): Message {
    const back = this.#back;
    if (this.bytes < BACK_BYTES || back[0] !== HEADER_BYTES)
      throw new FluxError("EPROTO", "message does not end with a header");
    checkHeader(back, 1);
    const flags = back[4]!;
    const topicPart = (flags & MessageFlag.ROUTE) === 0 ? 0 : this.#afterRoutes();
    const end = (flags & MessageFlag.TOPIC) === 0 ? topicPart : this.#afterPart(topicPart);
    const fields = {
      type: back[3]!,
      flags: flags & ~MessageFlag.PAYLOAD,
      userid: readWord(back, 5),
      rolemask: readWord(back, 9),
      aux1: readWord(back, 13),
      aux2: readWord(back, 17),
    };
    const front = this.#front;
    return new Message(fields, front, 0, end, topicPart, front, 0, 0);
  }

  #afterRoutes(): number {
    for (let at = 0; ; ) {
      const next = this.#afterPart(at);
      if (this.#front[at] === 0) return next;
      at = next;
    }
  }

  #afterPart(at: number): number {
    const front = this.#front;
    const content = partContent(front, at);
    const end = Math.min(front.length, this.bytes - BACK_BYTES);
    const next = content > end ? Number.POSITIVE_INFINITY : content + partLength(front, at, content);
    if (next > end) throw new FluxError("EINVAL", "routes and topic are too long");
    return next;
  }
}

/** What a message over the limit is called in the errors that answer it. */
const NAMES: Readonly<Record<number, string>> = {
  0: "frame",
  1: "request",
  2: "response",
  4: "event",
  8: "message",
};

/** The error for a message of `bytes`, preamble not counted, where `limit` is the most. */
export function oversizeError({ type }: { readonly type: number }, { bytes, limit }: Oversize): FluxError {
  return new FluxError("EMSGSIZE", `${NAMES[type]} of ${bytes} bytes is over the limit of ${limit}`);
}
