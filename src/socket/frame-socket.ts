import type { Socket } from "node:net";
import { ByteSink, copyBytes, EMPTY, FluxError } from "../base/index.ts";
import type { FrameLink, FrameReceiver, Receiver } from "../connector/index.ts";
import { type FrameBytes, Framer, type Message } from "../message/index.ts";
import { lendReads } from "./lent-reads.ts";
import type { ReadTurns, TurnReader } from "./read-turns.ts";

/**
 * So much is written before the tick ends, so that the peer works on it while this side goes on. A little less than a chunk of the sink, which
 * then holds it all.
 */
const FLUSH_BYTES = 30 * 1024;
/** Encoded frames, which many sockets may share, are passed on by reference from this size on: memory counts besides time. */
const SHARE_FRAMES_BYTES = 4096;
/** Above this, those who can wait are asked to. */
export const HIGH_WATER_BYTES = 256 * 1024;
/** Longest wait for the system to take the last bytes of a connection that is closed without lingering. */
const CLOSE_MS = 10_000;
/** So long nothing may move meanwhile. The system has taken some when it is looked for the first time: a peer that does not read is waited for twice as long. */
const STUCK_MS = 500;

export interface FrameSocketOptions {
  /** Largest frame taken, in bytes; default 128 MiB. */
  readonly maxFrameBytes?: number | undefined;
  /** Runs a flush later, once for all that is queued until then; default process.nextTick. */
  readonly schedule?: ((flush: () => void) => void) | undefined;
  /** Shares the event loop with others that read through it; default: reads whenever bytes come. */
  readonly turns?: ReadTurns | undefined;
}

/**
 * A stream socket that carries frames, at either end.
 *
 * Messages queued in one tick leave in one system call. While the peer does not read, they wait in a sink whose length the owner
 * watches. When writing fails the output is dropped but reading goes on to the end, for what a peer wrote before it went
 * away still counts.
 */
export class FrameSocket implements FrameLink {
  readonly #socket: Socket;
  readonly #sink = new ByteSink();
  readonly #framer: Framer;
  readonly #schedule: (flush: () => void) => void;
  readonly #flush = (): void => {
    this.#scheduled = false;
    this.#write();
  };
  #receiver: Receiver | undefined;
  /** The receiver, when it takes frames unread. */
  #unread: FrameReceiver | undefined;
  #scheduled = false;
  #blocked = false;
  #mute = false;
  #ending = false;
  #closed = false;
  readonly #waiting: (() => void)[] = [];
  readonly #ended: (() => void)[] = [];
  #linger: NodeJS.Timeout | undefined;
  readonly #turns: ReadTurns | undefined;
  readonly #reader: TurnReader = {
    handle: (chunk) => this.#push(chunk, true),
    pause: () => void this.#socket.pause(),
    resume: () => {
      if (!this.#closed) this.#socket.resume();
    },
  };

  /** `socket` must be open with `allowHalfOpen`; nothing but an admission byte may be written to it besides. */
  constructor(socket: Socket, options: FrameSocketOptions = {}) {
    this.#socket = socket;
    // A connection that fails before it has started ends then: see start.
    socket.on("error", () => {});
    keepReadingAfterWriteError(socket, () => {
      this.#mute = true;
      this.#wakeWriters();
      this.#sink.take();
    });
    this.#framer = new Framer({ maxFrameBytes: options.maxFrameBytes });
    this.#schedule = options.schedule ?? process.nextTick;
    this.#turns = options.turns;
  }

  /** Bytes queued and not yet taken by the system; none once the connection is gone. */
  get queuedBytes(): number {
    return this.#closed ? 0 : this.#sink.length + this.#socket.writableLength;
  }

  /** Bytes of memory taken for a frame that is not complete yet. */
  get gatheredBytes(): number {
    return this.#framer.gatheredBytes;
  }

  /** Starts the delivery. `early` is what had been read beyond the admission byte. */
  start(receiver: Receiver | FrameReceiver, early?: Uint8Array): void {
    this.#receiver = receiver;
    if ("frame" in receiver) this.#unread = receiver;
    if (receiver.oversized !== undefined)
      this.#framer.oversized = (message, size) => {
        if (!this.#closed) receiver.oversized!(message, size);
      };
    const socket = this.#socket;
    lendReads(socket, (chunk) => this.#take(chunk, true));
    socket.on("data", (chunk: Uint8Array) => this.#take(chunk, false));
    socket.on("end", () => this.#close(new FluxError("ECONNRESET")));
    socket.on("error", (error) => this.#close(FluxError.from(error, "ECONNRESET")));
    socket.on("close", () => this.#close(new FluxError("ECONNRESET")));
    socket.on("drain", () => {
      this.#blocked = false;
      this.#release();
      this.#write();
    });
    if (early !== undefined && early.length > 0) this.#take(early, false);
    if (socket.destroyed) process.nextTick(() => this.#close(new FluxError("ECONNRESET")));
    socket.resume();
  }

  /** A promise while more than 256 KiB are queued, for when the system has taken them; undefined while there is room. */
  writable(): Promise<void> | undefined {
    if (this.queuedBytes < HIGH_WATER_BYTES || this.#silent) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** True when nothing more can be sent. */
  get #silent(): boolean {
    return this.#mute || this.#ending || this.#closed;
  }

  /** Queues a message; one that comes behind `end` or a failed write is dropped. */
  send(message: Message): void {
    this.forward(message, EMPTY, message.headStart);
  }

  /** Queues a message with routes pushed on or, by `headFrom`, popped off its stack: see Message.forwardTo. */
  forward(message: Message, pushed: Uint8Array, headFrom: number, gives = false): void {
    if (this.#silent) return;
    message.forwardTo(this.#sink, pushed, headFrom, gives);
    this.#wake();
  }

  /** Queues bytes that are a whole number of frames and will never change. */
  sendEncoded(frames: Uint8Array): void {
    if (this.#silent) return;
    if (frames.length < SHARE_FRAMES_BYTES) {
      this.sendCopy(frames, 0, frames.length);
      return;
    }
    this.#sink.share(frames);
    this.#wake();
  }

  /** Queues a copy of `bytes[start, end)`, a whole number of frames. */
  sendCopy(bytes: Uint8Array, start: number, end: number): void {
    if (this.#silent) return;
    const at = this.#sink.reserve(end - start);
    copyBytes(this.#sink.bytes, at, bytes, start, end);
    this.#wake();
  }

  /**
   * Writes what is queued and closes the sending half; then the connection is closed when the peer has done so too, or after
   * `lingerMs` at the latest, read or not. With 0 it is closed once the system has taken all, when it has taken nothing for a second, or after
   * ten. Resolves when it is gone.
   */
  end(lingerMs: number): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#ended.push(resolve);
      if (this.#ending) return;
      // No drain event comes once the socket is ending: it takes all at once, however much it holds already.
      if (!this.#mute) this.#writeOut();
      this.#ending = true;
      this.#wakeWriters();
      if (lingerMs <= 0) {
        this.#socket.once("finish", () => this.destroy());
        // Not by a timer of our own: Node knows how much of a write is done, and a loop that is busy has moved little when its time is over.
        this.#socket.setTimeout(STUCK_MS, () => this.destroy());
      }
      this.#socket.end();
      this.#linger = setTimeout(() => this.destroy(), lingerMs > 0 ? lingerMs : CLOSE_MS);
    });
  }

  /** Closes at once; what is queued is lost. */
  destroy(): void {
    this.#close(undefined);
  }

  ref(): void {
    this.#socket.ref();
  }

  unref(): void {
    this.#socket.unref();
  }

  #wake(): void {
    if (this.#blocked) return;
    if (this.#sink.length >= FLUSH_BYTES) {
      this.#write();
      return;
    }
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#schedule(this.#flush);
  }

  #write(): void {
    if (this.#blocked || this.#silent) return;
    this.#writeOut();
    if (!this.#blocked) this.#wakeWriters();
  }

  /** Gives all that is queued to the socket. */
  #writeOut(): void {
    const socket = this.#socket;
    this.#release();
    const chunks = this.#sink.length === 0 ? [] : this.#sink.lend();
    if (chunks.length === 1) this.#blocked = !socket.write(chunks[0]!);
    else if (chunks.length > 1) {
      socket.cork();
      for (const chunk of chunks) this.#blocked = !socket.write(chunk);
      socket.uncork();
      this.#blocked = socket.writableNeedDrain;
    }
    // Most often the system takes all at once.
    this.#release();
  }

  /** Lets the memory of what was written be used again, when the system has taken all. */
  #release(): void {
    if (this.#socket.writableLength === 0) this.#sink.release();
  }

  #wakeWriters(): void {
    if (this.#waiting.length > 0) for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** `lent`: what is read next is written over it. */
  #take(chunk: Uint8Array, lent: boolean): void {
    if (this.#turns === undefined) this.#push(chunk, lent);
    else if (!this.#closed) this.#turns.take(this.#reader, chunk);
  }

  #push(chunk: Uint8Array, lent: boolean): void {
    const receiver = this.#receiver;
    if (receiver === undefined || this.#closed) return;
    try {
      this.#framer.push(chunk, this.#deliver, this.#unread === undefined ? undefined : this.#offer, lent);
    } catch (error) {
      this.#unread?.pause();
      this.#close(FluxError.from(error, "EIO"));
      return;
    }
    this.#unread?.pause();
    if (this.#framer.gatheredBytes > 0) this.#unread?.gathers?.();
  }

  readonly #offer = (frames: FrameBytes, start: number, end: number): boolean =>
    !this.#closed && this.#unread!.frame(frames, start, end);

  readonly #deliver = (message: Message): void => {
    if (!this.#closed) this.#receiver!.message(message);
  };

  #close(reason: FluxError | undefined): void {
    if (this.#closed) return;
    // What came before the end still counts.
    const waiting = this.#turns?.withdraw(this.#reader);
    if (waiting !== undefined && reason !== undefined) this.#push(waiting, true);
    if (this.#closed) return;
    this.#closed = true;
    this.#sink.take();
    clearTimeout(this.#linger);
    this.#socket.destroy();
    this.#receiver?.closed(this.#ending ? undefined : reason);
    this.#wakeWriters();
    for (const resolve of this.#ended.splice(0)) resolve();
  }
}

/**
 * Node destroys a socket whose write fails, and with it what the peer had sent before it left; nor does a stream that failed ever report
 * its end. Here the stream doesn't learn of a failed write: it counts as done and `muted` is called.
 */
function keepReadingAfterWriteError(socket: Socket, muted: () => void): void {
  const { _write: write, _writev: writev } = socket;
  const hide = (callback: (error?: Error | null) => void) => (error?: Error | null) => {
    if (error) muted();
    callback();
  };
  socket._write = (chunk, encoding, callback) => write.call(socket, chunk, encoding, hide(callback));
  if (writev) socket._writev = (chunks, callback) => writev.call(socket, chunks, hide(callback));
}
