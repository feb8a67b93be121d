/** Responses of one stream, each awaited by who reads them. */
export class Responses implements AsyncIterableIterator<Uint8Array, undefined> {
  #items: Uint8Array[] = [];
  #first = 0;
  #ended = false;
  #reader: ((result: IteratorResult<Uint8Array, undefined>) => void) | undefined;

  /** Takes a response; an empty one is the end, for which it returns true. */
  push(value: Uint8Array): boolean {
    const reader = this.#reader;
    const ended = value.length === 0;
    this.#reader = undefined;
    if (ended) this.#ended = true;
    if (reader !== undefined) reader(ended ? { done: true, value: undefined } : { done: false, value });
    else if (!ended) this.#items.push(value);
    return ended;
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const value = this.#items[this.#first];
    if (value !== undefined) {
      this.#first++;
      if (this.#first === this.#items.length) {
        this.#items = [];
        this.#first = 0;
      }
      return Promise.resolve({ done: false, value });
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => {
      this.#reader = resolve;
    });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
