import { type ErrnoName, errno, FluxError } from "../base/index.ts";
import type { Exchange, Waiting } from "../client/index.ts";
import { MATCHTAG_NONE, type Message } from "../message/index.ts";

/** Most results held for a reader that does not come; beyond it the future fails with ENOBUFS. */
export const MAX_RESULTS = 65_536;

interface Failure {
  readonly errnum: number;
  readonly text: string | undefined;
}

/** One fulfillment, and the one behind it. */
interface Result {
  readonly message: Message | null;
  readonly failure: Failure | undefined;
  next: Result | undefined;
}

/** A request that was sent and what came of it: a queue of results of which the first is the current one. */
export class Future implements Waiting {
  readonly topic: string;
  /** The rank the request was meant for, as it was given. */
  readonly nodeid: number;
  /** The tag of the request; FLUX_MATCHTAG_NONE while it has none. */
  matchtag: number = MATCHTAG_NONE;
  readonly #streaming: boolean;
  #exchange: Exchange | undefined;
  #current: Result | undefined;
  #last: Result | undefined;
  #count = 0;
  #fatal: Failure | undefined;
  readonly #waiters = new Set<() => void>();
  #continuation: (() => void | Promise<void>) | undefined;
  #timeout = -1;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(topic: string, nodeid: number, streaming: boolean) {
    this.topic = topic;
    this.nodeid = nodeid;
    this.#streaming = streaming;
  }

  /** The request is under way. */
  sent(exchange: Exchange): void {
    this.#exchange = exchange;
    this.matchtag = exchange.matchtag;
  }

  get ready(): boolean {
    return this.#fatal !== undefined || this.#current !== undefined;
  }

  /** True when nothing more is taken: it is destroyed, or its results were too many. */
  get ended(): boolean {
    return this.#fatal !== undefined;
  }

  /** What it is fulfilled with, when that is an error. */
  get failure(): Failure | undefined {
    return this.#fatal ?? this.#current?.failure;
  }

  error({ errnum, text }: Failure): FluxError {
    return new FluxError(errnum, text, { topic: this.topic });
  }

  receive(response: Message): boolean {
    const { errnum } = response;
    if (errnum !== 0) this.fulfill(null, { errnum, text: textOf(response) });
    else if (response.topic === undefined) this.fail("EPROTO", "response has no topic");
    else this.fulfill(response);
    return errnum !== 0 || !this.#streaming;
  }

  fail(code: ErrnoName, text?: string): void {
    this.fulfill(null, { errnum: errno[code], text });
  }

  /** The request could not be sent. */
  refused(error: unknown): void {
    const { errno: errnum, text } = FluxError.from(error);
    this.fulfill(null, { errnum, text });
  }

  /** Adds a result behind those that are there. */
  fulfill(message: Message | null, failure?: Failure): void {
    if (this.#fatal !== undefined) return;
    if (this.#count >= MAX_RESULTS) {
      this.#end({
        errnum: errno.ENOBUFS,
        text: `${MAX_RESULTS} responses wait: reset the future after each`,
      });
      return;
    }
    const result: Result = { message, failure, next: undefined };
    this.#count++;
    if (this.#last === undefined) this.#current = result;
    else this.#last.next = result;
    this.#last = result;
    if (this.#current === result) this.#wake();
  }

  /** Resolves when it is ready; rejects with ETIMEDOUT behind `timeout` seconds, if that is not negative. */
  wait(timeout: number): Promise<void> {
    if (this.ready) return Promise.resolve();
    const late = (): FluxError => new FluxError("ETIMEDOUT", `no response within ${timeout} s`, this);
    if (timeout === 0) return Promise.reject(late());
    return new Promise((resolve, reject) => {
      const waiter = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const giveUp = (): void => {
        this.#waiters.delete(waiter);
        reject(late());
      };
      const timer = timeout < 0 ? undefined : setTimeout(giveUp, timeout * 1000);
      this.#waiters.add(waiter);
    });
  }

  async get(): Promise<Message | null> {
    while (!this.ready) await this.wait(-1);
    const { failure } = this;
    if (failure !== undefined) throw this.error(failure);
    return this.#current!.message;
  }

  /** Runs `continuation` whenever there is a new result to get; fails with ETIMEDOUT when that takes `timeout` seconds, if not negative. */
  whenReady(timeout: number, continuation: () => void | Promise<void>): void {
    this.#continuation = continuation;
    this.#timeout = timeout;
    if (this.ready) this.#continue();
    else this.#watch();
  }

  reset(): void {
    const next = this.#current?.next;
    if (this.#current !== undefined) this.#count--;
    this.#current = next;
    if (next !== undefined) this.#wake();
    else {
      this.#last = undefined;
      this.#watch();
    }
  }

  destroy(): void {
    this.#continuation = undefined;
    this.#end({ errnum: errno.ECANCELED, text: "future was destroyed" });
    this.#current = undefined;
    this.#last = undefined;
  }

  #end(fatal: Failure): void {
    this.#fatal ??= fatal;
    this.#exchange?.leave();
    this.#wake();
  }

  #wake(): void {
    clearTimeout(this.#timer);
    for (const waiter of [...this.#waiters]) waiter();
    this.#waiters.clear();
    this.#continue();
  }

  /** Runs the continuation behind the code that is running, as a reactor does. */
  #continue(): void {
    if (this.#continuation !== undefined) queueMicrotask(() => this.ready && this.#continuation?.());
  }

  #watch(): void {
    clearTimeout(this.#timer);
    if (this.#continuation === undefined || this.#timeout < 0 || this.ready) return;
    this.#timer = setTimeout(
      () => this.fail("ETIMEDOUT", `no response within ${this.#timeout} s`),
      this.#timeout * 1000,
    );
  }
}

function textOf(response: Message): string | undefined {
  try {
    return response.text;
  } catch {
    return undefined;
  }
}
