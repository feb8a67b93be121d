import type { FluxError } from "../base/index.ts";
import type { Log } from "../client/index.ts";
import {
  cutTopic,
  failResponse,
  type Message,
  MessageFlag,
  MessageType,
  TOPIC_MAX,
  textPayload,
} from "../message/index.ts";

/** Messages that a limit kept out, by what became of them. */
export interface RefusedCounters {
  /** Requests that were not passed on: answered with an error, if they wanted an answer. */
  readonly requests: number;
  /** Responses in whose place their callers got an error. */
  readonly responses: number;
  /** Events that were dropped. */
  readonly events: number;
}

/** Carries out that a message is over a limit: makes what is sent in its place, counts it, and logs it. */
export class Refusals {
  readonly #counters = { requests: 0, responses: 0, events: 0 };
  readonly #log: Log;

  /** @param log - counts the lines of one user and kind, as LogSummary does */
  constructor(log: Log) {
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
    const { type } = message;
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
    this.#note("event", message, error, "dropped");
    return undefined;
  }

  /** Makes an error of a response, in its place. */
  fail(response: Message, error: FluxError): void {
    this.#counters.responses++;
    this.#note("response", response, error, "its caller gets an error");
    failResponse(response, error);
  }

  #note(what: string, { userid }: Message, error: FluxError, outcome: string): void {
    const text = `${what} of user ${userid}: ${error.message}: ${outcome}`;
    this.#log("err", text, { kind: `${what} over a limit`, userid });
  }
}
