import { AsyncQueue } from "../base/index.ts";
import { type Message, Role } from "../message/index.ts";
import { Event } from "./event.ts";
import { MAX_QUEUE, type SubscribeOptions } from "./options.ts";

/**
 * The events under one topic prefix, in the order of their sequence numbers, from the moment the broker took the subscription.
 *
 * Leaving the `for await`, `close` or the signal ends it. When the connection is lost for good the iteration throws ECONNRESET; a full
 * queue does what `overflow` says.
 */
export class Subscription implements AsyncIterableIterator<Event, undefined>, AsyncDisposable {
  /** The prefix: events whose topic begins with it; empty for all. */
  readonly prefix: string;
  /** Resolves when the broker has taken the subscription: an event published later will be seen. Rejects when it refused. */
  readonly ready: Promise<void>;
  readonly #queue: AsyncQueue<Event>;
  readonly #allow: number;
  readonly #signal: AbortSignal | undefined;
  #leave: (() => Promise<void>) | undefined;
  #refused = 0;
  #lost = 0;
  readonly #abort = (): void => this.end();

  /** For the handle; `flux.subscribe` makes these. `join` tells the broker, `leave` tells it to stop. */
  constructor(
    prefix: string,
    options: SubscribeOptions,
    join: (subscription: Subscription) => Promise<void>,
    leave: (subscription: Subscription) => Promise<void>,
  ) {
    this.prefix = prefix;
    this.#allow = ((options.allow ?? 0) | Role.OWNER) >>> 0;
    this.#signal = options.signal;
    const limit = options.maxQueue ?? MAX_QUEUE;
    this.#queue = new AsyncQueue({
      limit,
      overflow: options.overflow,
      overflowText: `subscription to '${prefix}' fell ${limit} events behind: read faster, raise maxQueue, or choose an overflow policy that drops`,
    });
    this.#leave = () => leave(this);
    this.ready = join(this);
    this.ready.catch((error: unknown) => this.fail(error));
    if (options.signal?.aborted === true) this.#abort();
    else options.signal?.addEventListener("abort", this.#abort, { once: true });
  }

  /** Events lost to the overflow policy, or because they are over the limit of the handle. */
  get dropped(): number {
    return this.#queue.dropped + this.#lost;
  }

  /** Events not taken because their sender's roles are not among the allowed ones. */
  get refused(): number {
    return this.#refused;
  }

  /** Events that wait for the reader. */
  get queued(): number {
    return this.#queue.size;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Event, undefined>> {
    return this.#queue.next();
  }

  async return(): Promise<IteratorResult<Event, undefined>> {
    await this.close();
    return { done: true, value: undefined };
  }

  /** Ends the subscription; resolves when the broker has been told. */
  async close(): Promise<void> {
    this.#queue.stop();
    await this.#release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Takes an event that matches; for the handle. */
  deliver(message: Message): void {
    if ((message.rolemask & this.#allow) === 0) this.#refused++;
    else if (!this.#queue.push(new Event(message))) this.#release().catch(() => {});
  }

  /** An event that matches is over the limit of the handle; for the handle. */
  lose(): void {
    this.#lost++;
  }

  /** Ends with an error behind the events that are queued; for the handle. */
  fail(error: unknown): void {
    this.#queue.fail(error);
    this.#release().catch(() => {});
  }

  /** Finishes behind the events that are queued. */
  end(): void {
    this.#queue.end();
    this.#release().catch(() => {});
  }

  async #release(): Promise<void> {
    const leave = this.#leave;
    this.#leave = undefined;
    this.#signal?.removeEventListener("abort", this.#abort);
    await leave?.();
  }
}
