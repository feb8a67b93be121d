import { type ErrnoName, FluxError, TIMER_MAX_MS } from "../base/index.ts";
import { type Message, MessageFlag, NODEID_ANY, NODEID_UPSTREAM } from "../message/index.ts";
import type { RpcOptions } from "./options.ts";

/** One who waits under a matchtag. */
export interface Waiting {
  /** A response came. Returns true when it was the last one, so that the tag is free again. */
  receive(response: Message): boolean;
  /** No response will come any more. */
  fail(code: ErrnoName, text?: string): void;
  /**
   * A response of a stream could not be taken: the stream fails, and its service is asked to end it.
   * Left out: `receive` gets an error response in its place.
   */
  giveUp?(code: ErrnoName, text: string): void;
}

/** A request that was sent, for whoever takes its responses. */
export interface Exchange {
  /** The tag its responses carry. */
  readonly matchtag: number;
  /** Waits no longer: what still comes is forgotten, and the tag is free again behind the last response. */
  leave(): void;
}

/** Takes what nobody else on a handle takes. */
export interface StrayReceiver {
  /** An event; or a request without handler or service; or a response that no call waits for. */
  message(message: Message): void;
  /** No more will come: the handle is closed, or its connection lost for good. */
  closed(reason: FluxError): void;
}

/** Why a call got no response. */
export interface Failure {
  readonly code: ErrnoName;
  readonly text: string | undefined;
}

/**
 * One request and its one response. The promise resolves in either case; whoever awaits it makes the error, so that its
 * stack leads to the caller.
 */
export class PendingCall implements Waiting {
  readonly outcome: Promise<Message | Failure>;
  /** The tag it waits under, once it is sent. */
  matchtag = 0;
  #resolve!: (outcome: Message | Failure) => void;

  constructor() {
    this.outcome = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  receive(response: Message): boolean {
    this.#resolve(response);
    return true;
  }

  fail(code: ErrnoName, text?: string): void {
    this.#resolve({ code, text });
  }
}

/** A call given up before its response came: keeps the tag until then, for a late response must not meet another call. */
export const ABANDONED_CALL: Waiting = { receive: () => true, fail() {} };

/** A stream given up: keeps the tag until its terminating error response. */
export const ABANDONED_STREAM: Waiting = { receive: (response) => response.errnum !== 0, fail() {} };

/**
 * The time limit of a call for a timer; undefined for none, which Infinity means as well. One over 24.8 days counts as that.
 * @throws FluxError EINVAL for a negative time or none at all.
 */
export function timerMs(timeoutMs: number | undefined): number | undefined {
  if (timeoutMs === undefined || timeoutMs === Number.POSITIVE_INFINITY) return undefined;
  if (!(timeoutMs >= 0))
    throw new FluxError("EINVAL", `timeoutMs is a number of milliseconds from 0 on, not ${timeoutMs}`);
  return Math.min(timeoutMs, TIMER_MAX_MS);
}

/** The rank that `options` name, as it is given to the handle. */
export function nodeidOf(options: RpcOptions): number {
  return options.upstream === true ? NODEID_UPSTREAM : (options.nodeid ?? NODEID_ANY);
}

/**
 * The response, unless the outcome is an error.
 * @throws FluxError with the response's number and text, or the reason why none came.
 */
export function responseOf(outcome: Message | Failure, topic: string, options: RpcOptions): Message {
  if ("code" in outcome) throw callError(outcome.code, outcome.text, topic, options);
  if (outcome.errnum !== 0) throw callError(outcome.errnum, errorText(outcome), topic, options);
  if (!outcome.has(MessageFlag.TOPIC)) throw callError("EPROTO", "response has no topic", topic, options);
  return outcome;
}

/** An error that names the call it belongs to. */
export function callError(
  error: ErrnoName | number,
  text: string | undefined,
  topic: string,
  options: RpcOptions,
): FluxError {
  const nodeid = options.nodeid === NODEID_ANY ? undefined : options.nodeid;
  return new FluxError(error, text, { topic, nodeid });
}

/** The text of an error response; undefined when it has none, or none that is text. */
export function errorText(response: Message): string | undefined {
  try {
    return response.text;
  } catch {
    return undefined;
  }
}
