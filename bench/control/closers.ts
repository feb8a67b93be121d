/** What has to be closed again, in reverse order; `move` hands it to another owner. */
export class Closers implements AsyncDisposable {
  #closers: (() => PromiseLike<unknown>)[] = [];

  defer(close: () => PromiseLike<unknown>): void {
    this.#closers.push(close);
  }

  /** Closes `value` with the rest, and returns it. */
  use<T extends AsyncDisposable | undefined>(value: T): T {
    if (value !== undefined) this.defer(() => value[Symbol.asyncDispose]());
    return value;
  }

  /** Gives all to a new owner; nothing is left here to be closed. */
  move(): Closers {
    const moved = new Closers();
    moved.#closers = this.#closers;
    this.#closers = [];
    return moved;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
  }
}
