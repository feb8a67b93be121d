import { AsyncQueue, type ErrnoName, errno, FluxError } from "../base/index.ts";
import type { Message } from "../message/index.ts";
import { MAX_QUEUE, type StreamOptions } from "./options.ts";
import { callError, errorText, timerMs, type Waiting } from "./rpc.ts";

/** What a stream needs of the handle it runs on. */
export interface StreamPort {
  /** Asks the service to stop, and keeps the tag until it has. */
  cancel(): void;
}

/**
 * The responses to a streaming request, in the order the service sent them.
 *
 * It ends with the service's ENODATA; any other error response is thrown behind the responses before it. Leaving the `for await`, an
 * aborted signal or a full queue cancels at the server.
 */
export class ResponseStream<T> implements AsyncIterableIterator<T, undefined>, AsyncDisposable {
  readonly #queue: AsyncQueue<Message, T>;
  readonly #topic: string;
  readonly #options: StreamOptions;
  #port: StreamPort | undefined;
  #timeoutMs: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #abort = (): void => {
    const reason = FluxError.from(this.#options.signal?.reason, "ECANCELED");
    this.#giveUp(reason.code === "ETIMEDOUT" ? "ETIMEDOUT" : "ECANCELED", reason.message);
  };

  /** For the handle; `flux.stream` makes these. */
  constructor(topic: string, options: StreamOptions, decode: (message: Message) => T) {
    this.#topic = topic;
    this.#options = options;
    this.#queue = new AsyncQueue({
      limit: options.maxQueue ?? MAX_QUEUE,
      read: (message) => {
        try {
          return decode(message);
        } catch (error) {
          // What can't be read ends the stream for its reader, so that the service should stop too.
          this.#queue.stop();
          this.#cancel();
          throw error;
        }
      },
    });
    options.signal?.addEventListener("abort", this.#abort, { once: true });
  }

  /** Starts the stream, unless its reader has left before; fails it at once when the signal has fired already. Returns who waits for its responses. */
  start(send: (waiting: Waiting) => StreamPort): void {
    if (this.#queue.ended) return;
    if (this.#options.signal?.aborted === true) {
      this.#abort();
      return;
    }
    const waiting: Waiting = {
      receive: (response) => this.#receive(response),
      giveUp: (code, text) => this.#giveUp(code, text),
      fail: (code, text) => this.#finish(callError(code, text, this.#topic, this.#options)),
    };
    try {
      this.#timeoutMs = timerMs(this.#options.timeoutMs);
      this.#port = send(waiting);
      this.#watch();
    } catch (error) {
      this.#finish(FluxError.from(error));
    }
  }

  /** Responses that wait for the reader. */
  get queued(): number {
    return this.#queue.size;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return this.#queue.next();
  }

  /** Leaves the stream: the service is asked to stop, and what is queued is forgotten. */
  async return(): Promise<IteratorResult<T, undefined>> {
    this.#queue.stop();
    this.#cancel();
    return { done: true, value: undefined };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #receive(response: Message): boolean {
    if (response.errnum === 0) {
      this.#watch();
      if (!this.#queue.push(response)) this.#cancel();
      return false;
    }
    const ended = response.errnum === errno.ENODATA;
    this.#finish(
      ended ? undefined : callError(response.errnum, errorText(response), this.#topic, this.#options),
    );
    return true;
  }

  #giveUp(code: ErrnoName, text: string): void {
    this.#queue.fail(callError(code, text, this.#topic, this.#options));
    this.#cancel();
  }

  #cancel(): void {
    const port = this.#port;
    this.#release();
    port?.cancel();
  }

  #finish(error: FluxError | undefined): void {
    this.#release();
    if (error === undefined) this.#queue.end();
    else this.#queue.fail(error);
  }

  #release(): void {
    this.#port = undefined;
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener("abort", this.#abort);
  }

  #watch(): void {
    const timeoutMs = this.#timeoutMs;
    if (timeoutMs === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => this.#giveUp("ETIMEDOUT", `no response within ${timeoutMs} ms`),
      timeoutMs,
    );
  }
}
