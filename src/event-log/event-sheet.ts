import { allocate } from "../base/index.ts";
import type { FrameBytes, Message } from "../message/index.ts";
import { type EventSpan, eventFrameBytes, writeEventFrame } from "./event-frame.ts";

/** Where events are written as frames, one behind the other, by a broker that keeps none: what has no room is written over the first ones. */
export class EventSheet implements FrameBytes {
  readonly bytes: Uint8Array;
  readonly words: DataView;
  readonly #leaving: () => void;
  readonly #span: FrameBytes & { start: number; end: number };

  /**
   * @param size - in bytes: no event may take more
   * @param leaving - called before what stands here is written over: whoever still wants it takes a copy
   */
  constructor(size: number, leaving: () => void) {
    this.bytes = allocate(size);
    this.words = new DataView(this.bytes.buffer, this.bytes.byteOffset, size);
    this.#leaving = leaving;
    this.#span = { bytes: this.bytes, words: this.words, start: 0, end: 0 };
  }

  /** Writes an event. Where it stands is told in an object that the next call changes. */
  append(event: Message): EventSpan {
    const span = this.#span;
    const size = eventFrameBytes(event);
    if (span.end + size > this.bytes.length) {
      this.#leaving();
      span.end = 0;
    }
    span.start = span.end;
    span.end += size;
    writeEventFrame(this, span.start, size, event);
    return span;
  }
}
