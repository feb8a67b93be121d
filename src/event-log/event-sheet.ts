import { allocate, plainView } from "../base/index.ts";
import type { FrameBytes, Message } from "../message/index.ts";
import { type EventSpan, eventFrameBytes, writeEventFrame } from "./event-frame.ts";

const SHEET_BYTES = 64 * 1024;

/** Where events are written as frames, one behind the other, by a broker that keeps none: what does not fit goes over the first ones. */
export class EventSheet implements FrameBytes {
  bytes: Uint8Array = new Uint8Array();
  words = new DataView(this.bytes.buffer);
  readonly #leaving: () => void;
  readonly #span = { bytes: this.bytes, start: 0, end: 0 };

  /** @param leaving - called before what stands here is written over: whoever still wants it takes a copy */
  constructor(leaving: () => void) {
    this.#leaving = leaving;
  }

  /** Writes an event. Where it stands is told in an object that the next call changes. */
  append(event: Message): EventSpan {
    const span = this.#span;
    const size = eventFrameBytes(event);
    if (span.end + size > this.bytes.length) this.#leave(size);
    span.start = span.end;
    span.end += size;
    writeEventFrame(this, span.start, size, event);
    return span;
  }

  #leave(size: number): void {
    this.#leaving();
    if (size > this.bytes.length) {
      this.bytes = plainView(allocate(Math.max(size, SHEET_BYTES)));
      this.words = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
      this.#span.bytes = this.bytes;
    }
    this.#span.end = 0;
  }
}
