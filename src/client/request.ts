import { type ErrnoName, errno, FluxError } from "../base/index.ts";
import {
  type CheckPackFormat,
  type JsonObject,
  type PackArgs,
  type ParseOptions,
  packText,
} from "../json/index.ts";
import { type Message, MessageFlag, MessageType, textPayload } from "../message/index.ts";
import { checkJson, type RequestLimits, requestLimits } from "./json-limits.ts";
import { encodePayload, type Payload } from "./payload.ts";
import { Received } from "./received.ts";

/** How a request's answers go out: a connector, or the broker's router. */
export interface Reply {
  /** Throws EMSGSIZE for a response over the limit. */
  send(response: Message): void;
  /** A promise while too much is queued where the answers to `request` go, for when there is room again; undefined while there is. */
  writable?(request: Message): Promise<void> | undefined;
}

/** What a service gives to the requests it serves. */
export interface RequestOptions {
  /** Limits of the JSON in its payload; default: see JSON_LIMITS. */
  readonly limits?: RequestLimits | undefined;
  /** Takes an error that is this service's own, and the topic it is about; default: nobody does. */
  readonly fault?: ((topic: string, error: FluxError) => void) | undefined;
}

const NO_OPTIONS: RequestOptions = {};
const DEFAULT_LIMITS = requestLimits(undefined);

/** Who keeps track of an open request. */
export interface RequestTracker {
  /** It has its last answer. */
  answered(request: Request): void;
  /** What serves it has thrown. */
  failed(request: Request, thrown: unknown): void;
}

/**
 * A request, as the service that serves it gets it. Answers go back over its route stack under its topic and matchtag.
 *
 * A request that wants no response may be answered like any other: nothing is sent, and the answer is not looked at.
 * A streaming request takes any number of answers and ends with exactly one error, ENODATA for success. Source: flux_respond(3).
 */
export class Request extends Received {
  readonly #reply: Reply | undefined;
  readonly #options: RequestOptions;
  #answered = false;
  #abort: AbortController | undefined;
  #canceled = false;
  #forgotten = false;
  #responded = false;
  #tracker: RequestTracker | undefined;
  #onCancel: (() => void) | undefined;

  /**
   * For message handlers; `reply` undefined is a connector that can't send. Throws EPROTO when `message`
   * is no request.
   */
  constructor(message: Message, reply: Reply | undefined, options: RequestOptions = NO_OPTIONS) {
    super(message);
    if (message.type !== MessageType.REQUEST) throw new FluxError("EPROTO", "only a request can be answered");
    this.#reply = reply;
    this.#options = options;
  }

  /** Rank the request was sent to, or `NODEID_ANY`. */
  get nodeid(): number {
    return this.message.nodeid;
  }

  get matchtag(): number {
    return this.message.matchtag;
  }

  /** True when the caller takes a stream of responses. Source: flux_msg_is_streaming(3). */
  get streaming(): boolean {
    return this.message.has(MessageFlag.STREAMING);
  }

  /** True when the caller takes no response. Source: flux_msg_is_noresponse(3). */
  get noResponse(): boolean {
    return this.message.has(MessageFlag.NORESPONSE);
  }

  /** True once the last response was given: the only one, or the error that ends a stream. */
  get answered(): boolean {
    return this.#answered;
  }

  /** True once any response was given: of a stream, an item or its end. */
  get responded(): boolean {
    return this.#responded;
  }

  /** True once nobody waits for an answer: it was given, or the caller has cancelled the request or gone away. */
  get over(): boolean {
    return this.#answered || this.#forgotten || this.#canceled;
  }

  /** Fires when the caller cancels the request or goes away. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#canceled) this.#abort.abort(new FluxError("ECANCELED", "request was canceled by its sender"));
    }
    return this.#abort.signal;
  }

  /**
   * The payload as a JSON object, empty without a payload.
   * @throws FluxError EPROTO when it is none, EMSGSIZE when it is over the limits of its service: see `FluxOptions.limits`.
   */
  body(options?: ParseOptions): JsonObject {
    const value = this.json(options);
    if (value === undefined) return {};
    if (Array.isArray(value)) throw new FluxError("EPROTO", "payload is not a JSON object");
    return value as JsonObject;
  }

  protected override checkJson(): void {
    checkJson(this.message, this.#options.limits ?? DEFAULT_LIMITS);
  }

  /**
   * Answers with a payload: an object as JSON, a string or bytes as they are, nothing as success without payload.
   * One over the limit of the connection becomes the error EMSGSIZE, which ends a stream, and is logged.
   * @throws FluxError EINVAL when JSON can't hold it or the request has its last answer; ENOSYS when the connector can't send.
   */
  respond(payload?: Payload): void {
    if (this.noResponse) return;
    this.#send(0, encodePayload(payload));
  }

  /** Answers with a json_pack(3) object. Throws EINVAL for a format that is wrong or makes no object. Source: flux_respond_pack(3). */
  respondPack<const F extends string>(fmt: CheckPackFormat<F>, ...args: PackArgs<F>): void {
    if (this.noResponse) return;
    this.#send(0, textPayload(packText(fmt as string, ...(args as unknown[]))));
  }

  /** Answers with bytes; none or an empty array is an answer without payload. Source: flux_respond_raw(3). */
  respondRaw(bytes?: Uint8Array): void {
    if (this.noResponse) return;
    this.#send(0, bytes);
  }

  /**
   * Answers with an error, which ends a stream. `errnum` 0, which would be success, is sent as EINVAL. `text` is for people.
   * Source: flux_respond_error(3).
   */
  respondError(error: ErrnoName | number, text?: string): void {
    if (this.noResponse) {
      this.#settle();
      return;
    }
    const number = typeof error === "number" ? error : errno[error];
    this.#send(number === 0 ? errno.EINVAL : number, text === undefined ? undefined : textPayload(text));
  }

  /** Answers with what was thrown: a FluxError as it is, anything else as EIO. */
  respondFailure(thrown: unknown): void {
    const error = FluxError.from(thrown);
    this.respondError(error.errno, error.text);
  }

  /** A promise while too many answers are queued for the socket, for when there is room again. A long stream awaits it. */
  writable(): Promise<void> | undefined {
    return this.#reply?.writable?.(this.message);
  }

  /** For whoever keeps track of open requests. */
  trackedBy(tracker: RequestTracker): void {
    this.#tracker = tracker;
  }

  /** Fails the request as what its method throws does: for a method that goes on after it has returned. */
  fail(thrown: unknown): void {
    if (this.#tracker === undefined) this.respondFailure(thrown);
    else this.#tracker.failed(this, thrown);
  }

  /**
   * Calls `call` once when the caller cancels the request or goes away: what `signal` says, in a tenth of the memory. A second call takes the place of
   * the first.
   */
  onCancel(call: () => void): void {
    if (this.#canceled) call();
    else this.#onCancel = call;
  }

  /** The caller cancelled or left: fires the signal. For whoever keeps track of open requests. */
  cancel(): void {
    this.#canceled = true;
    const call = this.#onCancel;
    this.#onCancel = undefined;
    call?.();
    this.#abort?.abort(new FluxError("ECANCELED", "request was canceled by its sender"));
  }

  /** Nobody waits any more: further answers are swallowed. */
  forget(): void {
    this.#forgotten = true;
  }

  /** Leaves the request without an answer, whoever waits for one: what flux-core's services do with `cancel`. */
  dismiss(): void {
    this.#forgotten = true;
    this.#settle();
  }

  #send(errnum: number, payload: Uint8Array | undefined): void {
    if (this.#forgotten) return;
    if (this.#answered)
      throw new FluxError("EINVAL", `request ${this.topic} has been answered`, { topic: this.topic });
    if (this.#reply === undefined) throw new FluxError("ENOSYS", "this connector can't send");
    const response = this.message.deriveResponse(errnum, payload);
    this.#responded = true;
    if (errnum !== 0 || !this.streaming) this.#settle();
    try {
      this.#reply.send(response);
    } catch (error) {
      if (!FluxError.is(error, "EMSGSIZE")) throw error;
      this.#settle();
      this.#reply.send(this.message.deriveResponse(error.errno, textPayload(error.message)));
      this.#options.fault?.(this.topic, error);
    }
  }

  #settle(): void {
    this.#answered = true;
    const tracker = this.#tracker;
    this.#tracker = undefined;
    tracker?.answered(this);
  }
}
