/** How long one turn of the event loop works on a long list by default, in milliseconds. */
export const SLICE_MS = 5;
/** Items between two looks at the clock. */
const ITEMS_A_LOOK = 32;

type Defer = (call: () => void) => unknown;

/** Behind what else waits for this turn of the event loop; a browser has timers alone. */
const defer: Defer = (globalThis as { setImmediate?: Defer }).setImmediate ?? ((call) => setTimeout(call, 0));

/**
 * A queue of items that are worked on in turns of the event loop of some milliseconds each, so that a long one lets others go on meanwhile. The
 * first turn is the caller's own: what is short is done when `add` returns.
 */
export class WorkQueue<T> {
  readonly #work: (item: T) => void;
  readonly #sliceMs: number;
  #items: T[] = [];
  /** Items before this one are done. */
  #next = 0;
  #running = false;

  /** What `work` throws goes to whoever runs it, and the items behind it are done later. `sliceMs` is the longest turn, in milliseconds: default 5. */
  constructor(work: (item: T) => void, sliceMs = SLICE_MS) {
    this.#work = work;
    this.#sliceMs = sliceMs;
  }

  /** Items that are not done yet. */
  get size(): number {
    return this.#items.length - this.#next;
  }

  /** Adds items, which are done in their order behind those that wait. */
  add(items: Iterable<T>): void {
    for (const item of items) this.#items.push(item);
    if (!this.#running) this.#run();
  }

  /** Forgets the items that are not done, and returns them. */
  take(): T[] {
    const left = this.#items.slice(this.#next);
    this.#items = [];
    this.#next = 0;
    return left;
  }

  readonly #run = (): void => {
    this.#running = true;
    const end = performance.now() + this.#sliceMs;
    try {
      do {
        for (let i = 0; i < ITEMS_A_LOOK && this.#next < this.#items.length; i++)
          this.#work(this.#items[this.#next++]!);
      } while (this.size > 0 && performance.now() < end);
    } finally {
      if (this.size > 0) defer(this.#run);
      else {
        this.take();
        this.#running = false;
      }
    }
  };
}
