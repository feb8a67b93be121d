import { errno, FluxError } from "../base/index.ts";
import type { Flux } from "../client/index.ts";
import { type Message, MessageType, Role } from "../message/index.ts";
import { isAnswered, refuse } from "./answered.ts";
import { FLUX_MATCHTAG_NONE } from "./constants.ts";
import type { flux_match } from "./match.ts";
import { matcherOf } from "./matcher.ts";

/** Takes a message that matches. What it throws, or its promise rejects with, is the error response to a request. */
export type MsgHandlerCall = (h: Flux, mh: MsgHandler, msg: Message) => void | Promise<void>;

/** A message handler: who is called for which messages from whom. */
export class MsgHandler {
  readonly h: Flux;
  readonly match: flux_match;
  readonly matches: (message: Message) => boolean;
  rolemask: number = Role.OWNER;
  running = false;
  readonly #call: MsgHandlerCall;

  constructor(h: Flux, match: flux_match, call: MsgHandlerCall) {
    this.h = h;
    this.match = match;
    this.matches = matcherOf(match);
    this.#call = call;
  }

  /** The topic of a handler for the requests of one topic; these come before all others. */
  get exactTopic(): string | undefined {
    const { typemask, topic_glob } = this.match;
    if (typemask !== MessageType.REQUEST || topic_glob === null || topic_glob === "") return undefined;
    return /[*?[]/.test(topic_glob) ? undefined : topic_glob;
  }

  /** The tag of a handler for the responses to one request; these come before all others too. */
  get exactTag(): number | undefined {
    const { typemask, matchtag } = this.match;
    return typemask === MessageType.RESPONSE && matchtag !== FLUX_MATCHTAG_NONE ? matchtag : undefined;
  }

  /** Calls it, if the sender may; a request from one who may not gets EPERM. */
  deliver(message: Message): void {
    if ((message.rolemask & this.rolemask) !== 0) this.#run(message);
    else if (message.type === MessageType.REQUEST) {
      const text =
        this.rolemask === Role.NONE || this.rolemask === Role.OWNER
          ? "Request requires owner credentials"
          : "Request rejected due to insufficient privilege";
      refuse(this.h, message, errno.EPERM, text);
    }
  }

  #run(message: Message): void {
    try {
      this.#call(this.h, this, message)?.catch((error: unknown) => this.#failed(message, error));
    } catch (error) {
      this.#failed(message, error);
    }
  }

  #failed(message: Message, thrown: unknown): void {
    const error = FluxError.from(thrown);
    const waited = message.type === MessageType.REQUEST && !isAnswered(message);
    if (waited) refuse(this.h, message, error.errno, error.text);
    if (!waited || thrown !== error) process.emitWarning(error.cause instanceof Error ? error.cause : error);
  }
}

/** The message handlers of a handle, in the order in which they are asked: the newest first. Source: flux_msg_handler_create(3). */
export class DispatchTable {
  #handlers: MsgHandler[] = [];
  readonly #topics = new Map<string, MsgHandler[]>();
  readonly #tags = new Map<number, MsgHandler>();
  #running = 0;

  /** Throws EEXIST when the responses of a tag have a handler. */
  add(handler: MsgHandler): void {
    const { exactTopic, exactTag } = handler;
    if (exactTag !== undefined) {
      if (this.#tags.has(exactTag)) throw new FluxError("EEXIST", `matchtag ${exactTag} has a handler`);
      this.#tags.set(exactTag, handler);
    } else if (exactTopic !== undefined) {
      this.#topics.set(exactTopic, [handler, ...(this.#topics.get(exactTopic) ?? [])]);
    } else this.#handlers = [handler, ...this.#handlers];
  }

  delete(handler: MsgHandler): void {
    const { exactTopic, exactTag } = handler;
    this.setRunning(handler, false);
    if (exactTag !== undefined) {
      if (this.#tags.get(exactTag) === handler) this.#tags.delete(exactTag);
    } else if (exactTopic !== undefined) {
      const left = (this.#topics.get(exactTopic) ?? []).filter((other) => other !== handler);
      if (left.length > 0) this.#topics.set(exactTopic, left);
      else this.#topics.delete(exactTopic);
    } else this.#handlers = this.#handlers.filter((other) => other !== handler);
  }

  setRunning(handler: MsgHandler, running: boolean): void {
    if (handler.running !== running) this.#running += running ? 1 : -1;
    handler.running = running;
  }

  /** True when messages of this type are the handlers' affair: requests, which may not hang, once any handler is started. */
  takes(type: number): boolean {
    if (type === MessageType.REQUEST) return this.#running > 0;
    if (type === MessageType.RESPONSE && this.#tags.size > 0) return this.#running > 0;
    return this.#handlers.some(
      ({ running, match }) => running && (match.typemask === 0 || (match.typemask & type) !== 0),
    );
  }

  /** Gives a message to its handler, an event to all of its handlers; returns false when there was none. */
  dispatch(message: Message): boolean {
    const exact = this.#exact(message);
    if (exact?.running === true && exact.matches(message)) {
      exact.deliver(message);
      return true;
    }
    let taken = false;
    for (const handler of this.#handlers) {
      if (!handler.running || !handler.matches(message)) continue;
      handler.deliver(message);
      if (message.type !== MessageType.EVENT) return true;
      taken = true;
    }
    return taken;
  }

  #exact(message: Message): MsgHandler | undefined {
    if (message.type === MessageType.RESPONSE) return this.#tags.get(message.matchtag);
    if (message.type === MessageType.REQUEST) return this.#topics.get(message.topic ?? "")?.[0];
    return undefined;
  }
}
