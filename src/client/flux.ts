import { EMPTY, FluxError } from "../base/index.ts";
import type { Connector, OpenConnector } from "../connector/index.ts";
import {
  type CheckPackFormat,
  type JsonObject,
  type PackArgs,
  pack,
  packText,
  stringifyJson,
} from "../json/index.ts";
import { Message, MessageFlag, Role, serviceOf, textPayload, USERID_UNKNOWN } from "../message/index.ts";
import { Attributes } from "./attributes.ts";
import { Caller, type Published, splitPack } from "./caller.ts";
import type { Event } from "./event.ts";
import type { EventMark } from "./event-mark.ts";
import { FaultLog } from "./fault-report.ts";
import type { FluxOptions } from "./flux-options.ts";
import { describeThrown, guarded } from "./guard.ts";
import { type HandleOptions, type RequestHandler, RequestHandlers } from "./handlers.ts";
import { encodeLogLines, type LogLevel, type LogNames } from "./log-record.ts";
import type { Methods } from "./method.ts";
import type {
  CallOptions,
  PublishOptions,
  ReplayOptions,
  RpcOptions,
  StreamOptions,
  SubscribeOptions,
} from "./options.ts";
import { encodePayload, jsonOf, type Payload } from "./payload.ts";
import { type PingReply, pingReply } from "./ping.ts";
import { encodeEvent } from "./publish.ts";
import type { Replay } from "./replay.ts";
import { Replays } from "./replays.ts";
import { Response } from "./response.ts";
import type { ResponseStream } from "./response-stream.ts";
import type { Exchange, StrayReceiver, Waiting } from "./rpc.ts";
import { responseOf } from "./rpc.ts";
import type { Service } from "./service.ts";
import { Services } from "./services.ts";
import { Session, type Status } from "./session.ts";
import type { Subscription } from "./subscription.ts";
import { Subscriptions } from "./subscriptions.ts";

/**
 * A handle: one program's connection to a Flux instance. Calls, streams, events and services all run over it.
 *
 * It is open when you get it, and ends with `close` (or the end of its `await using` scope) or when the broker goes; what is pending then
 * fails with ECONNRESET. An open handle keeps the process alive unless `unref` was called.
 */
export class Flux implements AsyncDisposable {
  readonly #session: Session;
  readonly #caller: Caller;
  readonly #subscriptions: Subscriptions;
  readonly #replays: Replays;
  readonly #handlers: RequestHandlers;
  readonly #services: Services;
  readonly #options: FluxOptions;
  readonly #onStatus: FluxOptions["onStatus"];
  readonly #faults = new FaultLog((level, text) => this.#log(level, text));
  /** The status that `onStatus` heard of last. */
  #told: Status = "connected";
  #strays: StrayReceiver | undefined;
  /** The broker's attributes. */
  readonly attributes: Attributes;

  /** For `connect` and its kin: `connector` is open, `reopen` makes the next one for a reconnect. */
  constructor(connector: Connector, reopen: OpenConnector, options: FluxOptions = {}) {
    const { reconnect = false, userid = USERID_UNKNOWN, rolemask = Role.NONE, maxFrameBytes } = options;
    this.#options = options;
    this.attributes = new Attributes(
      (topic, payload, callOptions) => this.rpc(topic, payload, callOptions),
      options.proxyRemote,
    );
    const fault = (who: string) => (thrown: unknown) => this.#faults.report(who, thrown, who);
    this.#onStatus = guarded(options.onStatus, fault("onStatus"));
    this.#handlers = new RequestHandlers(
      (topic, thrown) => this.#faults.report(`handler of ${topic}`, thrown, "handler"),
      options,
    );
    this.#services = new Services({
      handlers: this.#handlers,
      ask: async (method, service) => {
        await this.call(`service.${method}`, { service });
      },
      isConnected: () => this.status === "connected",
      log: (level, text) => this.#log(level, text),
    });
    this.#subscriptions = new Subscriptions({
      ask: async (method, topic) => {
        await this.call(`event.${method}`, { topic });
      },
      isReconnecting: () => this.status === "reconnecting",
      log: (level, text) => this.#log(level, text),
    });
    this.#replays = new Replays({
      stream: (topic, payload) => this.callStream(topic, payload),
      status: () => this.status,
    });
    this.#session = new Session(
      connector,
      reopen,
      {
        request: (message) => {
          if (this.#strays !== undefined && !this.#serves(message.topic ?? "")) this.#strays.message(message);
          else this.#handlers.dispatch(message, this.#session.canSend ? this.#session : undefined);
        },
        event: (message) => {
          this.#subscriptions.deliver(message);
          this.#strays?.message(message);
        },
        response: (message) => this.#strays?.message(message),
        lostEvent: (message, why) => this.#subscriptions.lose(message, why),
        restore: () => this.#restore(),
        status: (status, reason) => this.#statusChanged(status, reason),
        trace: guarded(options.trace, fault("trace")),
      },
      {
        reconnect: reconnect === true ? {} : reconnect === false ? undefined : reconnect,
        credential: { userid, rolemask },
        maxFrameBytes,
      },
    );
    this.#caller = new Caller(this.#session, () => this.rank());
    this.#session.start();
  }

  /** Where it is connected to. */
  get uri(): string {
    return this.#session.uri;
  }

  get status(): Status {
    return this.#session.status;
  }

  /** Requests that wait for a response: the matchtags in use. */
  get pending(): number {
    return this.#session.pending;
  }

  /** Requests of others that this handle's services have not answered yet. */
  get serving(): number {
    return this.#handlers.active;
  }

  /** Bytes queued and not yet taken by the system. */
  get queuedBytes(): number {
    return this.#session.queuedBytes;
  }

  /**
   * Sends a request and resolves to its response.
   * @param topic - service and method, as in `"calc.add"`.
   * @param payload - an object (sent as JSON), text, bytes or nothing.
   * @returns the response; with `noResponse` an empty one at once.
   * @throws FluxError with the service's error; ENOSYS when no such service is registered, EHOSTUNREACH for a rank that can't be reached,
   *   ETIMEDOUT, ECANCELED by the signal, ECONNRESET when the connection is lost, EMSGSIZE for a request or response over a limit. Source: flux_rpc(3).
   */
  async call(topic: string, payload?: Payload, options: CallOptions = {}): Promise<Response> {
    const outcome = await this.#caller.outcome(topic, encodePayload(payload), options);
    return new Response(responseOf(outcome, topic, options));
  }

  /** As `call`; resolves to the JSON value of the response, undefined when it has no payload. */
  async rpc<T = JsonObject>(topic: string, payload?: Payload, options: CallOptions = {}): Promise<T> {
    const outcome = await this.#caller.outcome(topic, encodePayload(payload), options);
    return jsonOf(responseOf(outcome, topic, options)) as T;
  }

  /** As `call` with a payload of bytes; resolves to the bytes of the response, undefined when it has none. Source: flux_rpc_raw(3). */
  async rpcRaw(
    topic: string,
    bytes?: Uint8Array,
    options: CallOptions = {},
  ): Promise<Uint8Array | undefined> {
    return responseOf(await this.#caller.outcome(topic, bytes ?? EMPTY, options), topic, options).payload;
  }

  /** As `call` with a json_pack(3) object; options may stand before the format. Source: flux_rpc_pack(3). */
  rpcPack<const F extends string>(
    topic: string,
    options: CallOptions,
    fmt: CheckPackFormat<F>,
    ...args: PackArgs<F>
  ): Promise<Response>;
  rpcPack<const F extends string>(
    topic: string,
    fmt: CheckPackFormat<F>,
    ...args: PackArgs<F>
  ): Promise<Response>;
  async rpcPack(topic: string, ...rest: unknown[]): Promise<Response> {
    const { options, fmt, args } = splitPack<CallOptions>(rest);
    return new Response(await this.#caller.request(topic, textPayload(packText(fmt, ...args)), options));
  }

  /**
   * Sends a streaming request; the iteration gives the JSON value of each response until the service ends it.
   * Leaving the iteration cancels the request at the service.
   * @throws FluxError, from the iteration, as `call` does. A method that answers once gives a stream of one. Source: flux_rpc(3), RFC 6.
   */
  stream<T = JsonObject>(topic: string, payload?: Payload, options: StreamOptions = {}): ResponseStream<T> {
    return this.#caller.stream(topic, payload, options, (message) => jsonOf(message) as T);
  }

  /** As `stream`, but gives the responses themselves. */
  callStream(topic: string, payload?: Payload, options: StreamOptions = {}): ResponseStream<Response> {
    return this.#caller.stream(topic, payload, options, (message) => new Response(message));
  }

  /**
   * Publishes an event with a payload: an object as JSON, text or bytes as they are.
   * @returns its sequence number, once rank 0 has taken and numbered it.
   * @throws FluxError EPROTO when rank 0 finds it malformed; as `call` otherwise. Source: flux_event_publish(3).
   */
  publish(topic: string, payload?: Payload, options: PublishOptions = {}): Promise<Published> {
    return this.#caller.publish(topic, payload === undefined ? undefined : encodePayload(payload), options);
  }

  /** As `publish` with a json_pack(3) payload; options may stand before the format. Source: flux_event_publish_pack(3). */
  publishPack<const F extends string>(
    topic: string,
    options: PublishOptions,
    fmt: CheckPackFormat<F>,
    ...args: PackArgs<F>
  ): Promise<Published>;
  publishPack<const F extends string>(
    topic: string,
    fmt: CheckPackFormat<F>,
    ...args: PackArgs<F>
  ): Promise<Published>;
  async publishPack(topic: string, ...rest: unknown[]): Promise<Published> {
    const { options, fmt, args } = splitPack<PublishOptions>(rest);
    return this.#caller.publish(topic, textPayload(stringifyJson(pack(fmt, ...args))), options);
  }

  /** As `publish` with a payload of bytes. Source: flux_event_publish_raw(3). */
  publishRaw(topic: string, bytes?: Uint8Array, options: PublishOptions = {}): Promise<Published> {
    return this.#caller.publish(topic, bytes, options);
  }

  /** Encodes an event for `sendEvent`. Throws EINVAL for a topic with a NUL. Source: flux_event_encode(3). */
  encodeEvent(
    topic: string,
    payload?: Payload,
    options?: { readonly private?: boolean | undefined },
  ): Message {
    return encodeEvent(topic, encodePayload(payload), options);
  }

  /** Publishes an event without confirmation: nobody says when, whether or as which number. Source: flux_event_encode(3), flux_send(3). */
  sendEvent(event: Message): void {
    this.send(event);
  }

  /**
   * Sends a message as it is, with this handle's credentials where it has none.
   * @throws FluxError ENOSYS when the connector can't send, ECONNRESET when it is gone, EMSGSIZE when it is over `maxFrameBytes`. Source: flux_send(3).
   */
  send(message: Message): void {
    this.#session.send(this.#stamped(message));
  }

  /**
   * Sends a request message under a matchtag of this handle, at once, and gives each of its responses to `waiting`: for programs with futures
   * of their own. Throws as `send`. Source: flux_rpc_message(3).
   */
  exchange(message: Message, waiting: Waiting): Exchange {
    const matchtag = this.#session.exchange(this.#stamped(message), waiting);
    const streaming = message.has(MessageFlag.STREAMING);
    return { matchtag, leave: () => this.#session.leave(matchtag, waiting, streaming) };
  }

  /** Gives `receiver` what nobody else on this handle takes: for programs with a dispatcher of their own. Source: flux_recv(3). */
  receive(receiver: StrayReceiver): void {
    this.#strays = receiver;
  }

  /** A promise while more is queued than the system takes, for when there is room: for those who send many messages unasked. */
  writable(): Promise<void> | undefined {
    return this.#session.writable();
  }

  /**
   * Subscribes to the events whose topic begins with `prefix` (bytes, no globs; empty for all).
   *
   * What this handle publishes later is seen; for others' events await `ready` first. Subscriptions of one handle to one prefix share one at
   * the broker. One made while the handle reconnects stands with the next connection. Source: flux_event_subscribe(3).
   *
   * With `since` it begins with events of the past and loses none: see `Replay`.
   */
  subscribe(prefix: string, options: ReplayOptions & { readonly marks?: false | undefined }): Replay;
  subscribe(prefix: string, options: ReplayOptions): Replay<Event | EventMark>;
  subscribe(prefix: string, options?: SubscribeOptions): Subscription;
  subscribe(
    prefix: string,
    options: SubscribeOptions | ReplayOptions = {},
  ): Subscription | Replay | Replay<Event | EventMark> {
    return "since" in options
      ? this.#replays.open(prefix, options)
      : this.#subscriptions.open(prefix, options);
  }

  /**
   * Registers a service under `name` and serves its methods until the service is closed.
   * @throws FluxError EEXIST when the name is taken, EINVAL for a name with a dot, EPERM for a guest whose name lacks the prefix of
   *   its user id. Source: flux_service_register(3).
   */
  async serve(name: string, methods: Methods): Promise<Service> {
    return this.#services.add(name, methods);
  }

  /**
   * Handles the requests whose topic is `topic` or matches its glob, whoever brings them here; returns what takes the handler away.
   * Source: flux_msg_handler_create(3).
   */
  handle(topic: string, handler: RequestHandler, options?: HandleOptions): () => void {
    return this.#handlers.add(topic, handler, options);
  }

  /** Rank of the broker this handle is connected to. */
  async rank(): Promise<number> {
    return Number(await this.attributes.get("rank"));
  }

  /** Number of brokers in the instance. */
  async size(): Promise<number> {
    return Number(await this.attributes.get("size"));
  }

  /** Pings a service, `"broker"` by default. Source: flux-ping(1). */
  ping(service = "broker", options: RpcOptions & { readonly pad?: string } = {}): Promise<PingReply> {
    return pingReply((topic, payload) => this.call(topic, payload, options), service, options.pad);
  }

  /** Appends a line to the log of the broker, under the names of the handle or `as`. Resolves when it is sent. Source: flux_log(3). */
  async log(level: LogLevel, message: string, as: LogNames = {}): Promise<void> {
    const rank = await this.rank();
    for (const payload of encodeLogLines(level, message, rank, { ...this.#options, ...as }))
      this.send(Message.request({ topic: "log.append", payload }));
  }

  /** Lets the process stay alive for this handle (the default). */
  ref(): void {
    this.#session.ref();
  }

  /** Lets the process end although this handle is open. */
  unref(): void {
    this.#session.unref();
  }

  /** Sends what is queued and closes. Subscriptions finish, pending calls fail with ECONNRESET. */
  async close(): Promise<void> {
    await this.#session.close();
    this.#faults.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #restore(): Promise<void> {
    this.attributes.clear();
    await this.#subscriptions.restore();
    await this.#services.restore();
  }

  #stamped(message: Message): Message {
    const { userid, rolemask } = this.#options;
    if (userid !== undefined && message.userid === USERID_UNKNOWN) message.userid = userid;
    if (rolemask !== undefined && message.rolemask === Role.NONE) message.rolemask = rolemask;
    return message;
  }

  #serves(topic: string): boolean {
    return this.#handlers.has(topic) || this.#services.has(serviceOf(topic));
  }

  #statusChanged(status: Status, reason: FluxError | undefined): void {
    if (status !== "connected") this.#handlers.abandon();
    if (status === "closed") {
      if (reason === undefined) this.#subscriptions.end();
      else this.#subscriptions.fail(reason);
      this.#strays?.closed(reason ?? new FluxError("ECONNRESET", "handle was closed"));
    }
    this.#replays.statusChanged(status, reason);
    // A new connection that is lost before it is restored was never told of.
    if (status === this.#told) return;
    this.#told = status;
    this.#onStatus?.(status, reason);
  }

  #log(level: LogLevel, text: string): void {
    const { onLog } = this.#options;
    const print = (thrown?: unknown) =>
      console.warn(
        `fluxbus: ${text}${thrown === undefined ? "" : ` (onLog failed: ${describeThrown(thrown)})`}`,
      );
    if (onLog === undefined) print();
    else guarded(onLog, print)?.(level, text);
  }
}
