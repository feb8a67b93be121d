import type { FluxError } from "../base/index.ts";
import type { LogLevel } from "../client/index.ts";
import {
  cutTopic,
  failResponse,
  type Message,
  MessageFlag,
  MessageType,
  TOPIC_MAX,
  textPayload,
} from "../message/index.ts";

/** A line about one user's messages of one kind is written again after this time at the earliest. */
const QUIET_MS = 10_000;
/** Users and kinds whose lines are held back at a time; then all are written anew. */
const MOST_KINDS = 256;

/** Messages that a limit kept out, by what became of them. */
export interface RefusedCounters {
  /** Requests that were not passed on: answered with an error, if they wanted an answer. */
  readonly requests: number;
  /** Responses in whose place their callers got an error. */
  readonly responses: number;
  /** Events that were dropped. */
  readonly events: number;
}

/** Carries out that a message is over a limit: makes what is sent in its place, counts it, and logs it now and then. */
export class Refusals {
  readonly #counters = { requests: 0, responses: 0, events: 0 };
  readonly #log: (level: LogLevel, text: string) => void;
  /** How often a line of a kind was held back since it was written. */
  readonly #quiet = new Map<string, { more: number }>();

  constructor(log: (level: LogLevel, text: string) => void) {
    this.#log = log;
  }

  get counters(): RefusedCounters {
    return { ...this.#counters };
  }

  /**
   * What is sent in the place of a message that may not pass: an error response to a request, the response
   * itself as an error one, undefined for an event and for a request that wants no answer. A topic of more
   * than 255 bytes is cut.
   */
  refuse(message: Message, error: FluxError): Message | undefined {
    const { type, userid } = message;
    if (type === MessageType.REQUEST) {
      this.#counters.requests++;
      if ((message.flags & MessageFlag.NORESPONSE) !== 0) return undefined;
      return cutTopic(message, TOPIC_MAX).deriveResponse(error.errno, textPayload(error.message));
    }
    if (type === MessageType.RESPONSE) {
      const response = cutTopic(message, TOPIC_MAX);
      this.fail(response, error);
      return response;
    }
    this.#counters.events++;
    this.#note(`event of user ${userid}`, error, "dropped");
    return undefined;
  }

  /** Makes an error of a response, in its place. */
  fail(response: Message, error: FluxError): void {
    this.#counters.responses++;
    this.#note(`response of user ${response.userid}`, error, "its caller gets an error");
    failResponse(response, error);
  }

  #note(what: string, error: FluxError, outcome: string): void {
    const kind = `${error.code} ${what}`;
    const quiet = this.#quiet.get(kind);
    if (quiet !== undefined) quiet.more++;
    else this.#write(kind, `${what}: ${error.message}: ${outcome}`);
  }

  #write(kind: string, line: string): void {
    if (this.#quiet.size >= MOST_KINDS) this.#quiet.clear();
    const quiet = { more: 0 };
    this.#quiet.set(kind, quiet);
    this.#log("err", line);
    const later = setTimeout(() => {
      if (this.#quiet.get(kind) !== quiet) return;
      this.#quiet.delete(kind);
      if (quiet.more > 0) this.#write(kind, `${line} (and ${quiet.more} more)`);
    }, QUIET_MS);
    later.unref();
  }
}
