import { FluxError } from "../base/index.ts";
import { Message, MessageFlag, NODEID_UPSTREAM } from "../message/index.ts";
import type { CallOptions, PublishOptions, RpcOptions, StreamOptions } from "./options.ts";
import { encodePayload, type Payload } from "./payload.ts";
import { encodePublish, readSequence } from "./publish.ts";
import { ResponseStream } from "./response-stream.ts";
import { type Failure, nodeidOf, responseOf, timerMs } from "./rpc.ts";
import type { Outgoing, Session } from "./session.ts";

/** What `publish` resolves to. */
export interface Published {
  /** The global sequence number rank 0 gave the event. */
  readonly seq: number;
}

/** Requests over a session: addresses, time limits and signals, and what comes of them. */
export class Caller {
  readonly #session: Session;
  readonly #rank: () => Promise<number>;

  /** `rank` tells the rank of the broker, which a request to its parent has to name. */
  constructor(session: Session, rank: () => Promise<number>) {
    this.#session = session;
    this.#rank = rank;
  }

  /** Sends a request and resolves to its successful response. */
  async request(topic: string, payload: Uint8Array, options: CallOptions): Promise<Message> {
    return responseOf(await this.outcome(topic, payload, options), topic, options);
  }

  /**
   * Sends a request and resolves to its outcome, for `responseOf`. It goes out before this returns, so that requests leave in the order they were
   * made; only one for the parent waits for the rank. May throw at once.
   */
  outcome(topic: string, payload: Uint8Array, options: CallOptions): Promise<Message | Failure> {
    const outgoing = this.#outgoing(topic, payload, options);
    if (outgoing instanceof Promise) return outgoing.then((request) => this.#ask(request, options));
    return this.#ask(outgoing, options);
  }

  #ask(request: Outgoing, options: CallOptions): Promise<Message | Failure> {
    const { noResponse, signal } = options;
    const timeoutMs = timerMs(options.timeoutMs);
    if (noResponse === true) {
      this.#session.tell(request);
      return Promise.resolve(Message.response({ topic: request.topic }));
    }
    if (timeoutMs === undefined && signal === undefined) return this.#session.call(request).outcome;
    return this.#askWithin(request, timeoutMs, signal);
  }

  async #askWithin(
    request: Outgoing,
    timeoutMs: number | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Message | Failure> {
    if (signal?.aborted === true) throw FluxError.from(signal.reason, "ECANCELED");
    const call = this.#session.call(request);
    const giveUp = (failure: Failure): void => this.#session.abandon(call, failure);
    const text = `no response within ${timeoutMs} ms`;
    const timer =
      timeoutMs === undefined ? undefined : setTimeout(() => giveUp({ code: "ETIMEDOUT", text }), timeoutMs);
    const abort = (): void => {
      const reason = FluxError.from(signal?.reason, "ECANCELED");
      giveUp({ code: reason.code === "ETIMEDOUT" ? "ETIMEDOUT" : "ECANCELED", text: reason.message });
    };
    signal?.addEventListener("abort", abort, { once: true });
    try {
      return await call.outcome;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    }
  }

  #outgoing(topic: string, payload: Uint8Array, options: RpcOptions): Outgoing | Promise<Outgoing> {
    const nodeid = nodeidOf(options);
    if (nodeid !== NODEID_UPSTREAM) return { topic, payload, nodeid, flags: 0 };
    return this.#rank().then((rank) => ({ topic, payload, nodeid: rank, flags: MessageFlag.UPSTREAM }));
  }

  /** Sends a streaming request; `decode` makes the items of the iteration. */
  stream<T>(
    topic: string,
    payload: Payload,
    options: StreamOptions,
    decode: (message: Message) => T,
  ): ResponseStream<T> {
    const stream = new ResponseStream(topic, options, decode);
    const request = this.#outgoing(topic, encodePayload(payload), options);
    if (request instanceof Promise) {
      request.then(
        (outgoing) => this.#session.stream(outgoing, stream),
        (error: unknown) => {
          stream.start(() => {
            throw error;
          });
        },
      );
    } else this.#session.stream(request, stream);
    return stream;
  }

  /** Sends event.publish; resolves to the sequence number. `flags` are 0 or PRIVATE. */
  async publish(topic: string, payload: Uint8Array | undefined, options: PublishOptions): Promise<Published> {
    const flags = options.private === true ? MessageFlag.PRIVATE : 0;
    const publish = { nodeid: 0, timeoutMs: options.timeoutMs, signal: options.signal };
    const request = encodePublish(topic, flags, payload);
    const outcome = await this.outcome("event.publish", request, publish);
    return { seq: readSequence(responseOf(outcome, "event.publish", publish)) };
  }
}

/** The arguments of a pack method, whose options may stand before the format. */
export function splitPack<O>(rest: unknown[]): { options: O; fmt: string; args: unknown[] } {
  const [first, ...others] = rest;
  if (typeof first === "string") return { options: {} as O, fmt: first, args: others };
  return { options: first as O, fmt: others[0] as string, args: others.slice(1) };
}
