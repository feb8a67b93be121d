import { FluxError } from "../base/index.ts";
import { comparePositions, type EventPosition, type Message, Role } from "../message/index.ts";
import { Event } from "./event.ts";
import { describeLost, type EventMark, type LostEvents } from "./event-mark.ts";
import { MAX_QUEUE, type ReplayOptions } from "./options.ts";
import { REPLAY_TOPICS, type ReplayResponse, readReplay, sinceJson } from "./replay-wire.ts";
import type { Response } from "./response.ts";
import type { ResponseStream } from "./response-stream.ts";

/** What a replay needs of its handle. */
export interface ReplayPort {
  /** Sends a streaming request. */
  stream(topic: string, payload: object): ResponseStream<Response>;
  /** Resolves as soon as there is a connection, at once when there is one; to false when there never will be again. */
  connected(): Promise<boolean>;
  /** Hears that the replay asks for nothing more. */
  ended(): void;
}

type Item = Event | EventMark;

/** Waits before a broker that ended the replay is asked again; doubled while it brings nothing, in milliseconds. */
const FIRST_RETRY_MS = 10;
const LAST_RETRY_MS = 1000;

/**
 * The events under one topic prefix from a position on: those that are kept, then those that come, with no seam, each once and in the order of
 * their numbers; after a reconnect it goes on behind the last one.
 *
 * Leaving the `for await`, `close` or the signal ends it. Events that are gone for good are not passed over in silence: with `marks` a mark stands in
 * their place, with `onLost` that is called, else the iteration throws ESTALE. A reader that is slow slows the replay, up to what the broker keeps.
 */
export class Replay<T extends Item = Event> implements AsyncIterableIterator<T, undefined>, AsyncDisposable {
  /** The prefix: events whose topic begins with it; empty for all. */
  readonly prefix: string;
  /** Resolves when the broker has taken the request and said where the replay begins. Rejects when it refused. */
  readonly ready: Promise<void>;
  readonly #port: ReplayPort;
  readonly #options: ReplayOptions;
  readonly #allow: number;
  readonly #limit: number;
  #items: Item[] = [];
  #first = 0;
  #reader: (() => void) | undefined;
  /** How far the broker's answers have come, and the reader. */
  #taken: EventPosition | undefined;
  #position: EventPosition | undefined;
  #stream: ResponseStream<Response> | undefined;
  /** Called when the reader has made room. */
  #room: (() => void) | undefined;
  #ended = false;
  #error: unknown;
  #refused = 0;
  #lost = 0;
  readonly #abort = (): void => this.end();

  /** For the handle; `flux.subscribe` with `since` makes these. */
  constructor(prefix: string, options: ReplayOptions, port: ReplayPort) {
    this.prefix = prefix;
    this.#options = options;
    this.#port = port;
    this.#allow = ((options.allow ?? 0) | Role.OWNER) >>> 0;
    this.#limit = options.maxQueue ?? MAX_QUEUE;
    this.ready = new Promise((resolve, reject) => {
      // Not before who asked for it has it.
      queueMicrotask(() => {
        this.#run(resolve).then(
          () => reject(new FluxError("ECANCELED", `replay of '${prefix}' was closed before it stood`)),
          (error: unknown) => {
            reject(error);
            this.fail(error);
          },
        );
      });
    });
    this.ready.catch(() => {});
    if (options.signal?.aborted === true) queueMicrotask(this.#abort);
    else options.signal?.addEventListener("abort", this.#abort, { once: true });
  }

  /** All events up to here were read: what `since` takes to go on from here. Undefined before `ready`. */
  get position(): EventPosition | undefined {
    return this.#position;
  }

  /** Events not taken because their sender's roles are not among the allowed ones. */
  get refused(): number {
    return this.#refused;
  }

  /** Times that events were found to be lost. */
  get losses(): number {
    return this.#lost;
  }

  /** Events and marks that wait for the reader. */
  get queued(): number {
    return this.#items.length - this.#first;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    for (;;) {
      if (this.queued > 0) {
        const item = this.#shift();
        this.#position = item.position;
        if (item.kind === "lost") this.#lost++;
        if (item.kind === "event" || this.#options.marks === true) return { done: false, value: item as T };
        if (item.kind === "lost") this.#tellLost(item.lost);
        continue;
      }
      if (this.#error !== undefined) {
        const error = this.#error;
        this.#error = undefined;
        throw error;
      }
      if (this.#ended) return { done: true, value: undefined };
      await new Promise<void>((resolve) => {
        this.#reader = resolve;
      });
    }
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    await this.close();
    return { done: true, value: undefined };
  }

  /** Ends the replay; what waits for the reader is forgotten. */
  async close(): Promise<void> {
    this.#items = [];
    this.#first = 0;
    this.#error = undefined;
    this.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Finishes behind what waits for the reader. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.signal?.removeEventListener("abort", this.#abort);
    void this.#stream?.return();
    this.#port.ended();
    this.#room?.();
    this.#wake();
  }

  /** As `end`, and then throws. */
  fail(error: unknown): void {
    if (this.#ended) return;
    this.#error = error;
    this.end();
  }

  /** Asks for what follows, again and again; ends with the replay. */
  async #run(ready: () => void): Promise<void> {
    let topic = 0;
    let retryMs = FIRST_RETRY_MS;
    while (!this.#ended) {
      try {
        const stream = this.#port.stream(REPLAY_TOPICS[topic]!, this.#request());
        this.#stream = stream;
        for await (const response of stream) {
          const moved = this.#take(readReplay(response.payload));
          ready();
          retryMs = FIRST_RETRY_MS;
          // Leaving cancels: what is not taken is asked for again. Not before the answer has brought something, or it never would.
          if (moved && this.queued >= this.#limit) break;
        }
      } catch (error) {
        const { code } = FluxError.from(error);
        if (code === "ENOSYS") {
          topic = (topic + 1) % REPLAY_TOPICS.length;
          if (topic > 0) continue;
          if (this.#taken === undefined) throw new FluxError("ENOSYS", NO_LOG, { cause: error });
        }
        if (!AGAIN.has(code) || !(await this.#port.connected())) throw error;
      }
      if (this.#ended) return;
      if (this.queued >= this.#limit) await this.#roomToCome();
      else retryMs = await this.#pause(retryMs);
    }
  }

  #request(): object {
    const { prefix } = this;
    const since = this.#taken ?? sinceJson(this.#options.since);
    return { prefix, since, follow: true, encoding: "frames" };
  }

  /** True when the answer leads on. */
  #take({ epoch, through, lost = [], unknown, next, events }: ReplayResponse): boolean {
    let index = 0;
    const giveUpTo = (seq: number): void => {
      for (; index < events.length && events[index]!.seq < seq; index++) this.#push(events[index]!, epoch);
    };
    for (const [first, last] of lost) {
      giveUpTo(first);
      this.#items.push({ kind: "lost", position: { epoch, seq: last }, lost: { epoch, first, last } });
    }
    giveUpTo(Number.POSITIVE_INFINITY);
    const end = next === undefined ? { epoch, seq: through } : { epoch: next, seq: 0 };
    if (unknown === true)
      this.#items.push({
        kind: "lost",
        position: end,
        lost: { epoch, first: through + 1, last: undefined },
      });
    // Asked again, the broker first says where it was left.
    const before = this.#taken;
    const moved = before !== undefined && comparePositions(end, before) !== 0;
    if (moved || before === undefined) this.#mark(end);
    this.#taken = end;
    this.#position ??= end;
    this.#wake();
    return moved;
  }

  #push(message: Message, epoch: number): void {
    if ((message.rolemask & this.#allow) === 0) this.#refused++;
    else this.#items.push(new Event(message, epoch));
  }

  /** A mark takes the place of one that was not read yet. */
  #mark(position: EventPosition): void {
    const last = this.#items.at(-1);
    const mark: EventMark = { kind: "complete", position };
    if (this.queued > 0 && last?.kind === "complete") this.#items[this.#items.length - 1] = mark;
    else this.#items.push(mark);
  }

  #tellLost(lost: LostEvents): void {
    const { onLost } = this.#options;
    if (onLost !== undefined) {
      onLost(lost);
      return;
    }
    void this.close();
    const text = `${describeLost(lost)} are no longer kept: pass onLost, or marks, to go on without them`;
    throw new FluxError("ESTALE", text);
  }

  #shift(): Item {
    const item = this.#items[this.#first]!;
    this.#first++;
    if (this.#first === this.#items.length) {
      this.#items = [];
      this.#first = 0;
    } else if (this.#first >= 1024 && this.#first * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    if (this.#room !== undefined && this.queued <= this.#limit / 4) this.#room();
    return item;
  }

  #wake(): void {
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.();
  }

  async #roomToCome(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#room = resolve;
    });
    this.#room = undefined;
  }

  /** Waits, unless the replay ends; the next wait. */
  async #pause(ms: number): Promise<number> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#room = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#room = undefined;
    return Math.min(LAST_RETRY_MS, ms * 2);
  }
}

const NO_LOG = `no events are kept here: there is neither ${REPLAY_TOPICS.join(" nor ")}`;

/** Errors behind which the replay may be there again: the connection, or a rank that was asked, is on its way back, or was too busy to answer the one below. */
const AGAIN = new Set<string>(["ECONNRESET", "EHOSTUNREACH", "ETIMEDOUT", "EAGAIN", "ENOSYS"]);
