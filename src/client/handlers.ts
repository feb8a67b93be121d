import { FluxError, WorkQueue } from "../base/index.ts";
import { MATCHTAG_NONE, type Message, MessageFlag, Role, topicMatcher } from "../message/index.ts";
import { ActiveRequests } from "./active-requests.ts";
import { type JsonLimits, requestLimits } from "./json-limits.ts";
import type { Ledger } from "./ledger.ts";
import { type Reply, Request, type RequestOptions, type RequestTracker } from "./request.ts";

/** Serves a request. What it throws, or its promise rejects with, is the error response, unless the request has its last answer. */
export type RequestHandler = (request: Request) => void | Promise<void>;

export interface HandleOptions {
  /** Roles besides OWNER that may call, a mask; default none. `Role.ALL` lets everyone in. */
  readonly allow?: number | undefined;
  /** True refuses requests without the STREAMING flag with EPROTO. */
  readonly streaming?: boolean | undefined;
  /**
   * Whether the last answer may be given after the handler has returned, or its promise has settled. Otherwise a stream is
   * ended by then, a request without any answer gets EPROTO, and that mistake is logged. Default true.
   */
  readonly later?: boolean | undefined;
  /**
   * Whether the payload may be read after the handler has returned. Otherwise an open request is kept without it. Default: as `later` is by default.
   */
  readonly keepsPayload?: boolean | undefined;
}

interface Entry {
  readonly handler: RequestHandler;
  readonly allow: number;
  readonly streaming: boolean;
  /** True only when it was said: such a request is open although it has no tag. */
  readonly saysLater: boolean;
  readonly later: boolean;
  readonly keepsPayload: boolean;
  /** Set once a request was found without an answer: one line in the log is enough. */
  faulty: boolean;
}

interface GlobEntry extends Entry {
  readonly glob: string;
  readonly matches: (topic: string | undefined) => boolean;
}

/** Called with what a handler threw that was no FluxError: a fault of the program, not of its caller. */
export type OnFault = (topic: string, thrown: unknown) => void;

export interface RequestHandlersOptions {
  /** Answers a request whose payload does not fit without a text, as flux-core's services do. Default false. */
  readonly terse?: boolean | undefined;
  /** For services that are part of fluxbus: `later` and `keepsPayload` are false by default, and faults are told the log only. Default false. */
  readonly strict?: boolean | undefined;
  /** Largest JSON of the requests that handlers parse. */
  readonly limits?: JsonLimits | undefined;
  /** Charges the senders of open requests. Default: nobody is charged. */
  readonly ledger?: Ledger | undefined;
}

/** What the caller learns of a fault of the program. */
const INTERNAL = "internal error: the log of the service has more";

/**
 * Finds the handler of a request and sees to what every service owes its callers: ENOSYS for an unknown method, EPERM for one the
 * caller's roles don't allow, EPROTO for a streaming method called without the flag, `cancel` and `disconnect`, an answer to what
 * failed, and to what was left without one. Exact topics come before globs, the newest first. Source: flux_msg_handler_create(3),
 * flux_respond(3).
 */
export class RequestHandlers implements RequestTracker {
  readonly #exact = new Map<string, Entry[]>();
  #globs: GlobEntry[] = [];
  readonly #active: ActiveRequests;
  readonly #fault: OnFault;
  readonly #terse: boolean;
  readonly #strict: boolean;
  /** What each request is given. */
  readonly #served: RequestOptions;
  /** Requests whose callers have left: one that had many of them open costs others no long turn. */
  readonly #leaving = new WorkQueue<Request>((request) => {
    this.#active.release(request);
    request.cancel();
  });

  constructor(fault: OnFault = () => {}, options: RequestHandlersOptions = {}) {
    this.#fault = fault;
    this.#terse = options.terse === true;
    this.#strict = options.strict === true;
    this.#served = {
      limits: requestLimits(options.limits),
      fault: (topic, error) => this.#fault(topic, error.message),
    };
    this.#active = new ActiveRequests(options.ledger);
  }

  /** Requests not answered yet by handlers that take their time; those that want no response count while their handler runs. */
  get active(): number {
    return this.#active.size;
  }

  /** The topics and globs that have a handler. */
  get topics(): string[] {
    return [...this.#exact.keys(), ...this.#globs.map(({ glob }) => glob)];
  }

  /** Adds a handler for a topic, or for the topics that match a glob; returns what takes it away. */
  add(topic: string, handler: RequestHandler, options: HandleOptions = {}): () => void {
    const entry: Entry = {
      handler,
      allow: ((options.allow ?? 0) | Role.OWNER) >>> 0,
      streaming: options.streaming ?? false,
      saysLater: options.later === true,
      later: options.later ?? !this.#strict,
      keepsPayload: options.keepsPayload ?? !this.#strict,
      faulty: false,
    };
    if (topic === "" || /[*?[]/.test(topic)) {
      const globEntry = { ...entry, glob: topic, matches: topicMatcher(topic) };
      this.#globs.unshift(globEntry);
      return () => {
        this.#globs = this.#globs.filter((other) => other !== globEntry);
      };
    }
    const entries = this.#exact.get(topic);
    if (entries === undefined) this.#exact.set(topic, [entry]);
    else entries.unshift(entry);
    return () => {
      const left = (this.#exact.get(topic) ?? []).filter((other) => other !== entry);
      if (left.length === 0) this.#exact.delete(topic);
      else this.#exact.set(topic, left);
    };
  }

  /** True when a handler takes requests under `topic`. */
  has(topic: string): boolean {
    return this.#exact.has(topic) || this.#globs.some((entry) => entry.matches(topic));
  }

  /** Serves one request; never throws. */
  dispatch(message: Message, reply: Reply | undefined): void {
    const topic = message.topic ?? "";
    const request = new Request(message, reply, this.#served);
    const entry =
      this.#exact.get(topic)?.[0] ?? this.#globs.find((candidate) => candidate.matches(message.topic));
    if (entry === undefined) {
      this.#default(request, topic);
      return;
    }
    if ((message.rolemask & entry.allow) === 0) {
      const text =
        entry.allow === Role.OWNER
          ? "Request requires owner credentials"
          : "Request rejected due to insufficient privilege";
      refuse(request, new FluxError("EPERM", text));
      return;
    }
    if (entry.streaming && !request.streaming) {
      refuse(
        request,
        new FluxError("EPROTO", "method answers with a stream: request lacks the STREAMING flag"),
      );
      return;
    }
    // A stream of responses that nobody wants would be kept, and no disconnect request would end it.
    if (this.#strict && request.streaming && request.noResponse) return;
    this.#run(entry, request, topic);
    if (this.#strict && topic.endsWith(".disconnect")) this.#leave(request);
  }

  /** The connection is gone: fires the signals of all open requests; their answers are swallowed. */
  abandon(): void {
    for (const request of this.#active.clear()) {
      request.forget();
      request.cancel();
    }
  }

  answered(request: Request): void {
    this.#active.delete(request);
  }

  failed(request: Request, thrown: unknown): void {
    this.#failed(request, request.topic, thrown);
  }

  #run(entry: Entry, request: Request, topic: string): void {
    let pending: void | Promise<void>;
    try {
      pending = entry.handler(request);
    } catch (error) {
      this.#failed(request, topic, error);
      return;
    }
    if (!(pending instanceof Promise)) {
      if (!request.over && isAwaited(entry, request)) this.#settled(entry, request, topic, false);
      return;
    }
    if (!request.over) this.#track(request, entry);
    pending.then(
      () => {
        if (request.over) return;
        if (isAwaited(entry, request)) this.#settled(entry, request, topic, true);
        else this.#active.delete(request);
      },
      (error: unknown) => {
        this.#active.delete(request);
        this.#failed(request, topic, error);
      },
    );
  }

  /** A handler has returned, or its promise has settled, and its request has no last answer. */
  #settled(entry: Entry, request: Request, topic: string, isTracked: boolean): void {
    if (entry.later) {
      if (!isTracked) this.#track(request, entry);
      return;
    }
    // A method of one response, called as a stream.
    if (request.streaming && request.responded) {
      refuse(request, new FluxError("ENODATA"));
      return;
    }
    const error = new FluxError("EPROTO", "the method gave no answer");
    if (!entry.faulty) this.#fault(topic, error);
    entry.faulty = true;
    refuse(request, error);
  }

  #track(request: Request, { keepsPayload }: Entry): void {
    if (this.#active.add(request, keepsPayload)) {
      request.trackedBy(this);
      return;
    }
    const text = `user ${request.userid} holds too much memory here: requests that wait have to end first`;
    refuse(request, new FluxError("ENOBUFS", text));
    request.forget();
    request.cancel();
  }

  #failed(request: Request, topic: string, error: unknown): void {
    try {
      const wordless = this.#terse && FluxError.is(error) && error === request.malformed;
      if (!request.answered)
        request.respondFailure(wordless ? new FluxError(error.errno) : this.#told(error));
    } catch (sendError) {
      this.#fault(topic, sendError);
    }
    // Behind the answer: the caller has it whatever becomes of the report.
    if (!(error instanceof FluxError)) this.#fault(topic, error);
  }

  /** What the caller is told of an error. */
  #told(error: unknown): unknown {
    if (FluxError.is(error)) return error;
    const isFault = this.#strict || FAULTS.some((fault) => error instanceof fault);
    if (!isFault) return error;
    const { code, errno } = FluxError.from(error);
    return code === "EIO" ? new FluxError("EIO", INTERNAL) : new FluxError(errno);
  }

  #default(request: Request, topic: string): void {
    const method = topic.slice(topic.lastIndexOf(".") + 1);
    if (method === "disconnect") {
      this.#leave(request);
      if (!request.noResponse) answer(request);
      return;
    }
    if (method === "cancel") {
      this.#cancel(request);
      return;
    }
    refuse(request, new FluxError("ENOSYS", `Unknown service method '${topic}'`.slice(0, 255)));
  }

  /** Ends the open requests of a sender that is gone. */
  #leave({ message }: Request): void {
    const open = this.#active.takeDisconnected(message);
    for (const request of open) request.forget();
    this.#leaving.add(open);
  }

  #cancel(request: Request): void {
    try {
      const [matchtag] = request.unpack("{s:i}", "matchtag");
      const open = this.#active.takeCanceled(request.message, matchtag >>> 0);
      if (open !== undefined) {
        if (!open.answered) open.respondError("ENODATA");
        open.forget();
        open.cancel();
      }
      request.respond();
    } catch (error) {
      refuse(request, FluxError.from(error));
    }
  }
}

/** Who wants no response or has no tag to wait under need never be answered. */
function isAwaited({ saysLater }: Entry, request: Request): boolean {
  return !request.noResponse && (request.matchtag !== MATCHTAG_NONE || saysLater);
}

/** What a mistake of the program throws. */
const FAULTS = [TypeError, RangeError, ReferenceError, SyntaxError, EvalError, URIError];

/** Answers where a failure to send must not stop the dispatch: the connection's end is reported elsewhere. */
function answer(request: Request, error?: FluxError): void {
  if (request.message.has(MessageFlag.NORESPONSE)) return;
  try {
    if (error === undefined) request.respond();
    else request.respondFailure(error);
  } catch {
    // The requester's connection is gone or can't send; nobody is left to tell.
  }
}

function refuse(request: Request, error: FluxError): void {
  if (!request.answered) answer(request, error);
}
