import { FluxError } from "./flux-error.ts";

/** What a full queue does with the next item: ends with ENOBUFS, forgets its oldest item, or refuses the new one. */
export type OverflowPolicy = "fail" | "drop-oldest" | "drop-newest";

export interface AsyncQueueOptions<I, T> {
  /** What the reader gets for an item, made when it is read; what it throws, the reader gets. Default: the item. */
  readonly read?: ((item: I) => T) | undefined;
  /** Most items held for a slow reader. */
  readonly limit: number;
  /** Default `"fail"`. */
  readonly overflow?: OverflowPolicy | undefined;
  /** The text of the ENOBUFS error. */
  readonly overflowText?: string | undefined;
}

interface Waiter<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: unknown): void;
}

/**
 * A bounded queue between one who pushes and one who iterates.
 *
 * It ends once, by `end` (the iteration finishes) or `fail` (it throws), in both cases after what is queued has been read. `stop` ends
 * it at once and forgets the rest.
 */
export class AsyncQueue<I, T = I> {
  readonly #read: (item: I) => T;
  readonly #limit: number;
  readonly #overflow: OverflowPolicy;
  readonly #overflowText: string;
  #items: I[] = [];
  /** Items before this one have been read: shifting an array one by one is slow. */
  #first = 0;
  #waiters: Waiter<T>[] = [];
  #ended = false;
  #error: unknown;
  #dropped = 0;

  constructor(options: AsyncQueueOptions<I, T>) {
    this.#read = options.read ?? ((item) => item as unknown as T);
    this.#limit = options.limit;
    this.#overflow = options.overflow ?? "fail";
    this.#overflowText = options.overflowText ?? `queue of ${options.limit} items is full`;
  }

  /** Items that wait for the reader. */
  get size(): number {
    return this.#items.length - this.#first;
  }

  /** Items lost to the overflow policy so far. */
  get dropped(): number {
    return this.#dropped;
  }

  /** True once no more items will be taken. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Takes an item; returns false when the overflow policy ended the queue with it. */
  push(item: I): boolean {
    if (this.#ended) return true;
    if (this.#waiters.length > 0) {
      const waiter = this.#waiters.shift()!;
      try {
        waiter.resolve({ done: false, value: this.#read(item) });
      } catch (error) {
        waiter.reject(error);
      }
      return true;
    }
    if (this.size >= this.#limit) {
      this.#dropped++;
      if (this.#overflow === "fail") {
        this.fail(new FluxError("ENOBUFS", this.#overflowText));
        return false;
      }
      if (this.#overflow === "drop-newest") return true;
      this.#shift();
    }
    this.#items.push(item);
    return true;
  }

  /** No more items: the iteration finishes behind the last one. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const waiter of this.#waiters.splice(0)) waiter.resolve({ done: true, value: undefined });
  }

  /** No more items: the iteration throws `error` behind the last one. */
  fail(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    const [first, ...others] = this.#waiters.splice(0);
    if (first === undefined) this.#error = error;
    else first.reject(error);
    for (const waiter of others) waiter.resolve({ done: true, value: undefined });
  }

  /** Ends at once; what is queued is forgotten. */
  stop(): void {
    this.#items = [];
    this.#first = 0;
    this.#error = undefined;
    this.end();
  }

  /** The next item, the end, or the error (once). */
  next(): Promise<IteratorResult<T, undefined>> {
    if (this.size > 0) {
      try {
        return Promise.resolve({ done: false, value: this.#read(this.#shift()) });
      } catch (error) {
        return Promise.reject(error);
      }
    }
    if (this.#error !== undefined) {
      const error = this.#error;
      this.#error = undefined;
      return Promise.reject(error);
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  #shift(): I {
    const item = this.#items[this.#first]!;
    this.#items[this.#first] = undefined as I;
    this.#first++;
    if (this.#first === this.#items.length) {
      this.#items.length = 0;
      this.#first = 0;
    } else if (this.#first >= 1024 && this.#first * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return item;
  }
}
