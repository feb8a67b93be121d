import { FluxError } from "../base/index.ts";
import { type JsonValue, parseJson } from "../json/index.ts";
import { Message, MessageFlag, NODEID_UPSTREAM } from "../message/index.ts";
import type { CallOptions, PublishOptions, RpcOptions, StreamOptions } from "./options.ts";
import { encodePayload, type Payload } from "./payload.ts";
import { encodePublish } from "./publish.ts";
import { ResponseStream } from "./response-stream.ts";
import { type Failure, nodeidOf, responseOf } from "./rpc.ts";
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
    const outgoing = this.#outgoing(topic, payload, options);
    // No await but for the rank: requests leave in the order they were made, and before what `send` brings next.
    const request = outgoing instanceof Promise ? await outgoing : outgoing;
    if (options.noResponse === true) {
      this.#session.tell(request);
      return Message.response({ topic });
    }
    const { timeoutMs, signal } = options;
    if (timeoutMs === undefined && signal === undefined) {
      return responseOf(await this.#session.call(request).outcome, topic, options);
    }
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
      return responseOf(await call.outcome, topic, options);
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
    const { timeoutMs, signal } = options;
    const response = await this.request("event.publish", encodePublish(topic, flags, payload), {
      nodeid: 0,
      timeoutMs,
      signal,
    });
    const { seq } = (jsonOf(response) ?? {}) as { readonly seq?: unknown };
    if (typeof seq !== "number")
      throw new FluxError("EPROTO", "response to event.publish has no seq", { topic: "event.publish" });
    return { seq: seq >>> 0 };
  }
}

/** The JSON value of a payload; undefined without one. */
export function jsonOf(message: Message): JsonValue | undefined {
  const text = message.text;
  return text === undefined ? undefined : parseJson(text);
}

/** The arguments of a pack method, whose options may stand before the format. */
export function splitPack<O>(rest: unknown[]): { options: O; fmt: string; args: unknown[] } {
  const [first, ...others] = rest;
  if (typeof first === "string") return { options: {} as O, fmt: first, args: others };
  return { options: first as O, fmt: others[0] as string, args: others.slice(1) };
}
