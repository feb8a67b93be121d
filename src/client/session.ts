import { errno, FluxError } from "../base/index.ts";
import type { Connector, OpenConnector } from "../connector/index.ts";
import {
  type Credential,
  MAX_FRAME_BYTES,
  Message,
  MessageFlag,
  MessageType,
  type Oversize,
  oversizeError,
  PREAMBLE_BYTES,
  siblingTopic,
  textPayload,
} from "../message/index.ts";
import { Backoff, type ReconnectOptions } from "./backoff.ts";
import { cancelPayload } from "./payload.ts";
import { PendingTable } from "./pending-table.ts";
import type { ResponseStream, StreamPort } from "./response-stream.ts";
import { ABANDONED_CALL, ABANDONED_STREAM, type Failure, PendingCall, type Waiting } from "./rpc.ts";

/** Where a handle stands: `reconnecting` only when reconnect was asked for. */
export type Status = "connected" | "reconnecting" | "closed";

/** Who takes what is no response, and hears of the connection. */
export interface SessionEvents {
  request(message: Message): void;
  event(message: Message): void;
  /** A response that no call waits for. */
  response(message: Message): void;
  /** An event that is lost, for it is over the limit; `why` says so. Its payload is not there. */
  lostEvent(message: Message, why: FluxError): void;
  /** A new connection stands: what the old one had is to be asked for again, before anyone else may use it. */
  restore(): Promise<void>;
  /** The status has changed; `reason` is the loss that caused it. */
  status(status: Status, reason: FluxError | undefined): void;
  trace?: ((direction: "tx" | "rx", message: Message) => void) | undefined;
}

export interface SessionOptions {
  readonly reconnect: ReconnectOptions | undefined;
  /** Stamped on all that is sent; for owners who speak for others. */
  readonly credential: Credential;
  /** Largest frame that is sent, in bytes without its preamble. Default 128 MiB. */
  readonly maxFrameBytes?: number | undefined;
}

/** Request flags and body as they go out. */
export interface Outgoing {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly nodeid: number;
  readonly flags: number;
}

/**
 * One connection to a broker, and its successors when it may reconnect: sends, matches responses with requests, and fails what is pending
 * with ECONNRESET the moment the connection is lost.
 */
export class Session {
  readonly #open: OpenConnector;
  readonly #events: SessionEvents;
  readonly #options: SessionOptions;
  readonly #maxFrameBytes: number;
  readonly #pending = new PendingTable<Waiting>();
  readonly #stop = new AbortController();
  #connector: Connector;
  #status: Status = "connected";
  #referenced = true;
  /** A new connection stands but has not all the old one had: its loss is for the loop that made it. */
  #restoring = false;

  /** `connector` is the first connection; `open` makes the next ones. */
  constructor(connector: Connector, open: OpenConnector, events: SessionEvents, options: SessionOptions) {
    this.#open = open;
    this.#events = events;
    this.#options = options;
    this.#maxFrameBytes = options.maxFrameBytes ?? MAX_FRAME_BYTES;
    this.#connector = connector;
  }

  /** Begins to deliver. */
  start(): void {
    this.#attach(this.#connector);
  }

  get status(): Status {
    return this.#status;
  }

  get uri(): string {
    return this.#connector.uri;
  }

  /** Requests whose last response has not come. */
  get pending(): number {
    return this.#pending.size;
  }

  get queuedBytes(): number {
    return this.#connector.queuedBytes;
  }

  /** A promise while too much is queued; see Connector.writable. */
  writable(): Promise<void> | undefined {
    return this.#connector.writable?.();
  }

  /** True when the connector has a send operation. */
  get canSend(): boolean {
    return this.#connector.send !== undefined;
  }

  /**
   * Sends a message as it is.
   * @throws FluxError ENOSYS when the connector can't send, ECONNRESET when it is gone, EMSGSIZE for a
   *   message over the limit.
   */
  send(message: Message): void {
    const connector = this.#connector;
    if (connector.send === undefined) throw new FluxError("ENOSYS", "this connector can't send");
    if (this.#status !== "connected") {
      throw new FluxError(
        "ECONNRESET",
        this.#status === "closed" ? "handle is closed" : `connection to ${this.uri} is lost: reconnecting`,
      );
    }
    const bytes = message.frameBytes() - PREAMBLE_BYTES;
    if (bytes > this.#maxFrameBytes) throw oversizeError(message, { bytes, limit: this.#maxFrameBytes });
    this.#events.trace?.("tx", message);
    connector.send(message);
  }

  /** Sends a request that wants one response; resolves to it, or to why none came. */
  call(request: Outgoing): PendingCall {
    const call = new PendingCall();
    const matchtag = this.#pending.add(call);
    try {
      this.send(this.#request(request, matchtag));
    } catch (error) {
      this.#pending.delete(matchtag);
      throw error;
    }
    call.matchtag = matchtag;
    return call;
  }

  /** The caller of `call` waits no longer; its tag stays taken until the response comes. */
  abandon(call: PendingCall, failure: Failure): void {
    if (this.#pending.get(call.matchtag) !== call) return;
    this.#pending.replace(call.matchtag, ABANDONED_CALL);
    call.fail(failure.code, failure.text);
  }

  /** Sends a request message under a tag of its own; `waiting` takes its responses. Returns the tag. */
  exchange(message: Message, waiting: Waiting): number {
    const matchtag = this.#pending.add(waiting);
    message.aux2 = matchtag;
    try {
      this.send(message);
    } catch (error) {
      this.#pending.delete(matchtag);
      throw error;
    }
    return matchtag;
  }

  /** `waiting` waits no longer; its tag stays taken until the last response has come. */
  leave(matchtag: number, waiting: Waiting, streaming: boolean): void {
    if (this.#pending.get(matchtag) !== waiting) return;
    this.#pending.replace(matchtag, streaming ? ABANDONED_STREAM : ABANDONED_CALL);
  }

  /** Sends a request that wants no response. */
  tell(request: Outgoing): void {
    this.send(this.#request({ ...request, flags: request.flags | MessageFlag.NORESPONSE }, 0));
  }

  /** Sends a request that wants a stream of responses. */
  stream<T>(request: Outgoing, stream: ResponseStream<T>): void {
    stream.start((waiting): StreamPort => {
      const matchtag = this.#pending.add(waiting);
      try {
        this.send(this.#request({ ...request, flags: request.flags | MessageFlag.STREAMING }, matchtag));
      } catch (error) {
        this.#pending.delete(matchtag);
        throw error;
      }
      return { cancel: () => this.#cancel(request, matchtag, waiting) };
    });
  }

  /** Closes for good; pending requests fail with ECONNRESET. */
  async close(): Promise<void> {
    if (this.#status === "closed") return;
    this.#stop.abort(new FluxError("ECANCELED", "handle is closed"));
    this.#end(undefined);
    await this.#connector.close();
  }

  ref(): void {
    this.#referenced = true;
    this.#connector.ref();
  }

  unref(): void {
    this.#referenced = false;
    this.#connector.unref();
  }

  #request(request: Outgoing, matchtag: number): Message {
    const { userid, rolemask } = this.#options.credential;
    const { topic, payload, nodeid, flags } = request;
    return Message.request({ topic, payload, nodeid, flags, matchtag, userid, rolemask });
  }

  #cancel(request: Outgoing, matchtag: number, waiting: Waiting): void {
    if (this.#pending.get(matchtag) !== waiting) return;
    this.#pending.replace(matchtag, ABANDONED_STREAM);
    if (this.#status !== "connected") return;
    const payload = cancelPayload(matchtag);
    this.tell({ ...request, topic: siblingTopic(request.topic, "cancel"), payload });
  }

  #attach(connector: Connector): void {
    if (!this.#referenced) connector.unref();
    connector.start({
      message: (message) => this.#receive(message),
      oversized: (message, size) => this.#oversized(message, size),
      closed: (reason) => this.#lost(connector, reason ?? new FluxError("ECONNRESET")),
    });
  }

  #receive(message: Message): void {
    this.#events.trace?.("rx", message);
    if (message.type === MessageType.RESPONSE) {
      const matchtag = message.aux2;
      const waiting = matchtag === 0 || !message.atRequester ? undefined : this.#pending.get(matchtag);
      if (waiting === undefined) this.#events.response(message);
      else if (waiting.receive(message)) this.#pending.delete(matchtag);
    } else if (message.type === MessageType.EVENT) this.#events.event(message);
    else if (message.type === MessageType.REQUEST) this.#events.request(message);
  }

  /** A message that came without its payload, for it is over the limit: fails alone. */
  #oversized(message: Message, size: Oversize): void {
    const why = oversizeError(message, size);
    if (message.type === MessageType.RESPONSE) this.#failResponse(message, why);
    else if (message.type === MessageType.EVENT) this.#events.lostEvent(message, why);
    else if (message.type === MessageType.REQUEST && (message.flags & MessageFlag.NORESPONSE) === 0) {
      this.#events.trace?.("rx", message);
      if (this.canSend) this.send(message.deriveResponse(errno.EMSGSIZE, textPayload(why.message)));
    }
  }

  /** Gives who waits for a response an error in its place. The service may go on with a stream, whose tag stays taken. */
  #failResponse(response: Message, why: FluxError): void {
    const goesOn = response.aux1 === 0 && (response.flags & MessageFlag.STREAMING) !== 0;
    const waiting =
      response.aux2 !== 0 && response.atRequester ? this.#pending.get(response.aux2) : undefined;
    response.edit({ payload: textPayload(why.message) });
    response.aux1 = errno.EMSGSIZE;
    this.#events.trace?.("rx", response);
    if (waiting === undefined) this.#events.response(response);
    else if (goesOn && waiting.giveUp !== undefined) waiting.giveUp("EMSGSIZE", why.message);
    else {
      const isLast = waiting.receive(response);
      // The next request must not take the rest of the stream for its own.
      if (goesOn) this.#pending.replace(response.aux2, ABANDONED_STREAM);
      else if (isLast) this.#pending.delete(response.aux2);
    }
  }

  #lost(connector: Connector, reason: FluxError): void {
    if (connector !== this.#connector || this.#status === "closed") return;
    if (this.#options.reconnect === undefined) {
      this.#end(reason);
      return;
    }
    const again = this.#status === "reconnecting" || this.#restoring;
    this.#setStatus("reconnecting", reason);
    this.#failPending("connection to the broker was lost");
    if (again) return;
    this.#reconnect(new Backoff(this.#options.reconnect)).catch((error: unknown) =>
      this.#end(FluxError.from(error)),
    );
  }

  async #reconnect(backoff: Backoff): Promise<void> {
    for (;;) {
      await backoff.wait(this.#stop.signal, this.#referenced);
      try {
        const connector = await this.#open(this.#stop.signal);
        if (this.#stop.signal.aborted) {
          await connector.close();
          return;
        }
        this.#connector = connector;
        this.#status = "connected";
        this.#restoring = true;
        this.#attach(connector);
        await this.#events.restore();
        if (this.#status !== "connected") throw new FluxError("ECONNRESET");
        this.#restoring = false;
        this.#setStatus("connected", undefined);
        return;
      } catch (error) {
        this.#restoring = false;
        if (this.#stop.signal.aborted) return;
        this.#status = "reconnecting";
        await this.#connector.close();
        backoff.failed(FluxError.from(error));
      }
    }
  }

  #end(reason: FluxError | undefined): void {
    if (this.#status === "closed") return;
    this.#setStatus("closed", reason);
    this.#failPending(reason === undefined ? "handle was closed" : "connection to the broker was lost");
  }

  #failPending(text: string): void {
    for (const waiting of this.#pending.clear()) waiting.fail("ECONNRESET", text);
  }

  #setStatus(status: Status, reason: FluxError | undefined): void {
    this.#status = status;
    this.#events.status(status, reason);
  }
}
