import type { Message } from "../message/index.ts";
import type { FrameReceiver } from "./connector.ts";

/** A broker's end of a client's connection: the port that a socket and the in-process pair fit. */
export interface FrameLink {
  /** Bytes queued that the peer's system has not taken. */
  readonly queuedBytes: number;
  /** Bytes of memory taken for a frame that is not complete yet; left out where none is. */
  readonly gatheredBytes?: number;
  start(receiver: FrameReceiver): void;
  /** Queues a message with routes pushed or popped: see Message.forwardTo. `gives`: nobody holds it any more; a link need not make use of that. */
  forward(message: Message, pushed: Uint8Array, headFrom: number, gives?: boolean): void;
  /** Queues bytes that are a whole number of frames and will never change. */
  sendEncoded(frames: Uint8Array): void;
  /** Queues a copy of `bytes[start, end)`, a whole number of frames. */
  sendCopy(bytes: Uint8Array, start: number, end: number): void;
  /** A promise while much is queued, for when there is room again. */
  writable(): Promise<void> | undefined;
  /** Writes what is queued, closes this half, and waits at most `lingerMs` for the peer to close the other. */
  end(lingerMs: number): Promise<void>;
  /** Closes at once. */
  destroy(): void;
}
