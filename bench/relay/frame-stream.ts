import type { Socket } from "node:net";
import { FrameBatch, writeAll } from "./frame-batch.ts";
import { FrameReader } from "./frame-reader.ts";
import { HEAD_BYTES, readWord } from "./word.ts";

/**
 * What the programs at the ends of the bare relay speak: frames of a length, a tag and a payload. As lean as a program can
 * be that still has to tell its responses apart: what is sent in one tick leaves in one write, and payloads are handed out as views.
 */
export class FrameStream {
  readonly #socket: Socket;
  readonly #batch = new FrameBatch();
  readonly #flush = (): void => this.#write();
  #scheduled = false;

  constructor(socket: Socket, frame: (tag: number, payload: Uint8Array) => void) {
    this.#socket = socket;
    const reader = new FrameReader((bytes, start, end) =>
      frame(readWord(bytes, start + 4), bytes.subarray(start + HEAD_BYTES, end)),
    );
    socket.on("data", (chunk: Buffer) => reader.push(chunk));
  }

  /** Queues a frame. */
  send(tag: number, payload: Uint8Array): void {
    this.#batch.add(tag, payload);
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(this.#flush);
  }

  /** A promise while the socket takes no more; undefined while it does. */
  writable(): Promise<void> | undefined {
    if (!this.#socket.writableNeedDrain) return undefined;
    return new Promise((resolve) => this.#socket.once("drain", resolve));
  }

  #write(): void {
    this.#scheduled = false;
    writeAll(this.#socket, this.#batch.take());
  }
}
