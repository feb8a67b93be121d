import { readWord } from "./word.ts";

const ROOM_BYTES = 64 * 1024;

/** Takes a frame: `bytes` from `start`, where its length stands, to `end`. */
export type TakeFrame = (bytes: Buffer, start: number, end: number) => void;

/** Cuts a byte stream into length-prefixed frames; a frame that comes in one piece is not copied. */
export class FrameReader {
  readonly #frame: TakeFrame;
  /** A frame that came in pieces: `#held` bytes of it. */
  #broken: Buffer = Buffer.allocUnsafeSlow(ROOM_BYTES);
  #held = 0;

  constructor(frame: TakeFrame) {
    this.#frame = frame;
  }

  /** Takes the next bytes of the stream. */
  push(chunk: Buffer): void {
    let at = this.#held > 0 ? this.#gather(chunk) : 0;
    const end = chunk.length;
    while (end - at >= 4) {
      const next = at + 4 + readWord(chunk, at);
      if (next > end) {
        this.#room(next - at);
        break;
      }
      this.#frame(chunk, at, next);
      at = next;
    }
    if (at < end) {
      chunk.copy(this.#broken, 0, at, end);
      this.#held = end - at;
    }
  }

  /** Completes the broken frame; returns where the rest of `chunk` starts. */
  #gather(chunk: Buffer): number {
    let at = 0;
    if (this.#held < 4) {
      at = this.#fill(chunk, 0, 4);
      if (this.#held < 4) return at;
    }
    const length = 4 + readWord(this.#broken, 0);
    this.#room(length);
    at = this.#fill(chunk, at, length);
    if (this.#held < length) return at;
    const whole = this.#broken;
    this.#broken = Buffer.allocUnsafeSlow(ROOM_BYTES);
    this.#held = 0;
    this.#frame(whole, 0, length);
    return at;
  }

  /** Copies from `chunk` until `length` bytes are held; returns where the rest starts. */
  #fill(chunk: Buffer, at: number, length: number): number {
    const count = Math.min(length - this.#held, chunk.length - at);
    chunk.copy(this.#broken, this.#held, at, at + count);
    this.#held += count;
    return at + count;
  }

  #room(length: number): void {
    if (this.#broken.length >= length) return;
    const larger = Buffer.allocUnsafeSlow(length);
    this.#broken.copy(larger, 0, 0, this.#held);
    this.#broken = larger;
  }
}
