import type { Socket } from "node:net";
import { HEAD_BYTES, writeWord } from "./word.ts";

/** Spans at least this long are passed on without copying them. */
const SHARE_BYTES = 16 * 1024;
const CHUNK_BYTES = 64 * 1024;

/** Frames that wait to be written, in as few pieces as they fit. */
export class FrameBatch {
  #full: Uint8Array[] = [];
  #chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #start = 0;
  #used = 0;

  /** Adds a frame of a tag and a payload, which must never change. */
  add(tag: number, payload: Uint8Array): void {
    const share = payload.length >= SHARE_BYTES;
    const at = this.#reserve(HEAD_BYTES + (share ? 0 : payload.length));
    writeWord(this.#chunk, at, 4 + payload.length);
    writeWord(this.#chunk, at + 4, tag);
    if (share) this.#share(payload);
    else this.#chunk.set(payload, at + HEAD_BYTES);
  }

  /** Adds a frame as it came: `bytes` from `start` to `end`. */
  forward(bytes: Buffer, start: number, end: number): void {
    if (end - start >= SHARE_BYTES) this.#share(bytes.subarray(start, end));
    else {
      const at = this.#reserve(end - start);
      bytes.copy(this.#chunk, at, start, end);
    }
  }

  /** Adds bytes that are no frame of the relay, which must never change. */
  bytes(bytes: Uint8Array): void {
    if (bytes.length >= SHARE_BYTES) this.#share(bytes);
    else {
      const at = this.#reserve(bytes.length);
      this.#chunk.set(bytes, at);
    }
  }

  /** Adds ASCII text. */
  text(text: string): void {
    const at = this.#reserve(text.length);
    this.#chunk.write(text, at, "latin1");
  }

  /** True when nothing was added since the last take. */
  get empty(): boolean {
    return this.#full.length === 0 && this.#used === this.#start;
  }

  /** All that was added. */
  take(): Uint8Array[] {
    this.#seal();
    const full = this.#full;
    this.#full = [];
    return full;
  }

  #reserve(size: number): number {
    if (this.#used + size > CHUNK_BYTES) {
      this.#seal();
      this.#chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
      this.#start = 0;
      this.#used = 0;
    }
    const at = this.#used;
    this.#used = at + size;
    return at;
  }

  #share(bytes: Uint8Array): void {
    this.#seal();
    this.#full.push(bytes);
  }

  #seal(): void {
    if (this.#used > this.#start) this.#full.push(this.#chunk.subarray(this.#start, this.#used));
    this.#start = this.#used;
  }
}

/** Writes all pieces in one system call. */
export function writeAll(socket: Socket, pieces: readonly Uint8Array[]): void {
  if (pieces.length === 1) {
    socket.write(pieces[0]!);
    return;
  }
  socket.cork();
  for (const piece of pieces) socket.write(piece);
  socket.uncork();
}
