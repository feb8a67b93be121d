import { bytesOf, MessageLine, sizeOf, type Waiting } from "./message-line.ts";
import type { Frames, TransportStats } from "./transport.ts";

export interface SendQueueOptions {
  /**
   * Hands a message to the socket at once, without waiting for room in it. Rejects with the code EAGAIN when there is no room
   * for this peer, with another one when the message can't be sent at all.
   */
  write(frames: Frames): Promise<void>;
  /** Most bytes that wait for one peer. */
  readonly maxBytes: number;
  /** A message for `peer` was given up: it can't be reached, or too much waits for it already. Not called from within `send`. */
  failed(peer: string, why: "unreachable" | "full"): void;
}

/** Waits before a socket without room is tried again; doubled while nothing moves. */
const FIRST_RETRY_MS = 1;
const LAST_RETRY_MS = 50;
/** Messages that one retry sends to one peer, before others get their turn. */
const RETRY_MESSAGES = 2000;

export type Counters = { -readonly [K in keyof TransportStats]: TransportStats[K] };

/**
 * What goes out on one socket, one message after another: whether one was sent shows a step later only, and the next for the same peer
 * must not overtake it. All that is queued in a turn of the event loop leaves in that turn.
 *
 * A peer whose pipe is full gets a line of its own, bounded by bytes, which is tried again after 1 to 50 ms; the other peers' messages
 * go on. ZeroMQ signals no room for a single peer, so there is nothing to wait for but time.
 */
export class SendQueue {
  /** `received` and `receivedBytes` are left to the owner of the socket. */
  readonly stats: Counters = newCounters();
  readonly #write: (frames: Frames) => Promise<void>;
  readonly #failed: SendQueueOptions["failed"];
  readonly #maxBytes: number;
  readonly #line: MessageLine;
  readonly #stalled = new Map<string, MessageLine>();
  #draining = false;
  #drained: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #retryMs = FIRST_RETRY_MS;
  #closed = false;

  constructor(options: SendQueueOptions) {
    this.#write = options.write;
    this.#failed = options.failed;
    this.#maxBytes = options.maxBytes;
    this.#line = new MessageLine(options.maxBytes);
  }

  /** Queues a message, which counts as `bytes`; does nothing after `close`. */
  send(peer: string, frames: Frames, bytes = sizeOf(frames)): void {
    if (this.#closed) return;
    const item = { peer, frames, bytes };
    if (!this.#line.push(item)) {
      this.#drop(peer);
      return;
    }
    this.#count(1, item.bytes);
    if (!this.#draining) this.#drained = this.#drain();
  }

  /** Takes no more; resolves when what was queued is with the socket. What waits for room in it is lost. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#drained;
    for (const line of this.#stalled.values()) {
      this.stats.dropped += line.length;
      this.#count(-line.length, -line.bytes);
    }
    this.#stalled.clear();
  }

  async #drain(): Promise<void> {
    this.#draining = true;
    for (let item = this.#line.shift(); item !== undefined; item = this.#line.shift()) {
      const { peer, bytes } = item;
      let line = this.#stalled.get(peer);
      if (line === undefined) {
        let code: unknown;
        // As `#tryWrite`, without a promise more for each message.
        try {
          await this.#write(item.frames);
        } catch (error) {
          code = codeOf(error);
        }
        if (code !== "EAGAIN") {
          this.#count(-1, -bytes);
          this.#settle(item, code);
          continue;
        }
        line = new MessageLine(this.#maxBytes);
        this.#stalled.set(peer, line);
        this.#retryLater(FIRST_RETRY_MS);
      }
      if (line.push(item)) continue;
      this.#count(-1, -bytes);
      this.#drop(peer);
    }
    this.#draining = false;
  }

  async #retry(): Promise<void> {
    let moved = false;
    for (const [peer, line] of this.#stalled) {
      let left = RETRY_MESSAGES;
      for (let item = line.first; item !== undefined && left > 0; item = line.first, left--) {
        const code = await this.#tryWrite(item.frames);
        if (this.#closed) return;
        if (code === "EAGAIN") break;
        line.shift();
        this.#count(-1, -item.bytes);
        this.#settle(item, code);
        moved = true;
      }
      if (line.length === 0) this.#stalled.delete(peer);
    }
    if (this.#stalled.size === 0 || this.#closed) return;
    this.#retryLater(moved ? FIRST_RETRY_MS : Math.min(this.#retryMs * 2, LAST_RETRY_MS));
  }

  /** What is wrong, as a name; undefined when the message was sent. A socket that is closed throws at once. */
  async #tryWrite(frames: Frames): Promise<unknown> {
    try {
      await this.#write(frames);
      return undefined;
    } catch (error) {
      return codeOf(error);
    }
  }

  #retryLater(ms: number): void {
    this.#retryMs = ms;
    clearTimeout(this.#timer);
    if (!this.#closed) this.#timer = setTimeout(() => void this.#retry(), ms);
  }

  #settle(item: Waiting, code: unknown): void {
    if (code === undefined) {
      this.stats.sent++;
      this.stats.sentBytes += bytesOf(item);
      return;
    }
    this.stats.unreachable++;
    if (!this.#closed) this.#failed(item.peer, "unreachable");
  }

  #drop(peer: string): void {
    this.stats.dropped++;
    queueMicrotask(() => {
      if (!this.#closed) this.#failed(peer, "full");
    });
  }

  #count(messages: number, bytes: number): void {
    this.stats.queued += messages;
    this.stats.queuedBytes += bytes;
  }
}

/** Counters of a socket that was opened just now. */
export function newCounters(): Counters {
  return {
    sent: 0,
    received: 0,
    sentBytes: 0,
    receivedBytes: 0,
    queued: 0,
    queuedBytes: 0,
    dropped: 0,
    unreachable: 0,
  };
}

/** What the socket says is wrong, as a name; never undefined. */
function codeOf(error: unknown): unknown {
  return (error as { code?: unknown }).code ?? "EIO";
}
