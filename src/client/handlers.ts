import { FluxError } from "../base/index.ts";
import { MATCHTAG_NONE, type Message, MessageFlag, Role, topicMatcher } from "../message/index.ts";
import { ActiveRequests } from "./active-requests.ts";
import { type JsonLimits, type RequestLimits, requestLimits } from "./json-limits.ts";
import { type Reply, Request } from "./request.ts";

/** Serves a request. What it throws, or its promise rejects with, is the error response, unless the request has its last answer. */
export type RequestHandler = (request: Request) => void | Promise<void>;

export interface HandleOptions {
  /** Roles besides OWNER that may call, a mask; default none. `Role.ALL` lets everyone in. */
  readonly allow?: number | undefined;
  /** True refuses requests without the STREAMING flag with EPROTO. */
  readonly streaming?: boolean | undefined;
}

interface Entry {
  readonly handler: RequestHandler;
  readonly allow: number;
  readonly streaming: boolean;
}

interface GlobEntry extends Entry {
  readonly matches: (topic: string | undefined) => boolean;
}

/** Called with what a handler threw that was no FluxError: a fault of the program, not of its caller. */
export type OnFault = (topic: string, thrown: unknown) => void;

/**
 * Finds the handler of a request and sees to what every service owes its callers: ENOSYS for an unknown method, EPERM for one the
 * caller's roles don't allow, EPROTO for a streaming method called without the flag, `cancel` and `disconnect`, an answer to what
 * failed. Exact topics come before globs, the newest first. Source: flux_msg_handler_create(3), flux_respond(3).
 */
export class RequestHandlers {
  readonly #exact = new Map<string, Entry[]>();
  #globs: GlobEntry[] = [];
  readonly #active = new ActiveRequests();
  readonly #fault: OnFault;
  readonly #terse: boolean;
  readonly #limits: RequestLimits;

  /** `terse` answers a request whose payload does not fit without a text, as flux-core's services do. */
  constructor(
    fault: OnFault = () => {},
    options: { readonly terse?: boolean; readonly limits?: JsonLimits | undefined } = {},
  ) {
    this.#fault = fault;
    this.#limits = requestLimits(options.limits);
    this.#terse = options.terse === true;
  }

  /** Requests not answered yet by handlers that take their time; those that want no response count while their handler runs. */
  get active(): number {
    return this.#active.size;
  }

  /** Adds a handler for a topic, or for the topics that match a glob; returns what takes it away. */
  add(topic: string, handler: RequestHandler, options: HandleOptions = {}): () => void {
    const entry: Entry = {
      handler,
      allow: ((options.allow ?? 0) | Role.OWNER) >>> 0,
      streaming: options.streaming ?? false,
    };
    if (topic === "" || /[*?[]/.test(topic)) {
      const globEntry = { ...entry, matches: topicMatcher(topic) };
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
    const request = new Request(message, reply, {
      limits: this.#limits,
      fault: (error) => this.#fault(topic, error.message),
    });
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
    this.#run(entry.handler, request, topic);
  }

  /** The connection is gone: fires the signals of all open requests; their answers are swallowed. */
  abandon(): void {
    for (const request of this.#active.clear()) {
      request.forget();
      request.cancel();
    }
  }

  #run(handler: RequestHandler, request: Request, topic: string): void {
    let pending: void | Promise<void>;
    try {
      pending = handler(request);
    } catch (error) {
      this.#failed(request, topic, error);
      return;
    }
    // A handler may answer long after it returned, but who wants no response or has no tag to wait under need never be answered.
    const awaited = request.matchtag !== MATCHTAG_NONE && !request.noResponse;
    if (!(pending instanceof Promise)) {
      if (awaited && !request.answered) this.#track(request);
      return;
    }
    if (!request.answered) this.#track(request);
    pending.then(
      () => {
        if (!awaited) this.#active.delete(request);
      },
      (error: unknown) => {
        this.#active.delete(request);
        this.#failed(request, topic, error);
      },
    );
  }

  #track(request: Request): void {
    this.#active.add(request);
    request.whenAnswered(() => this.#active.delete(request));
  }

  #failed(request: Request, topic: string, error: unknown): void {
    try {
      if (!request.answered) request.respondFailure(this.#terse ? terse(request, error) : error);
    } catch (sendError) {
      this.#fault(topic, sendError);
    }
    // Behind the answer: the caller has it whatever becomes of the report.
    if (!(error instanceof FluxError)) this.#fault(topic, error);
  }

  #default(request: Request, topic: string): void {
    const method = topic.slice(topic.lastIndexOf(".") + 1);
    if (method === "disconnect" && request.noResponse) {
      for (const open of this.#active.takeDisconnected(request.message)) {
        open.forget();
        open.cancel();
      }
      return;
    }
    if (method === "cancel") {
      this.#cancel(request);
      return;
    }
    refuse(request, new FluxError("ENOSYS", `Unknown service method '${topic}'`.slice(0, 255)));
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

/** The error as callers of flux-core's services see it: none has a text of the program's insides, one of a misfit none at all. */
function terse(request: Request, error: unknown): FluxError {
  if (!(error instanceof FluxError)) {
    const { errno, code } = FluxError.from(error);
    return new FluxError(errno, code === "EIO" ? "internal error: the log of the broker has it" : undefined);
  }
  return error === request.malformed ? new FluxError(error.errno) : error;
}

/** Answers with an error where a failure to send must not stop the dispatch: the connection's end is reported elsewhere. */
function refuse(request: Request, error: FluxError): void {
  if (request.message.has(MessageFlag.NORESPONSE)) return;
  try {
    request.respondFailure(error);
  } catch {
    // The requester's connection is gone or can't send; nobody is left to tell.
  }
}
