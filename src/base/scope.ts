/**
 * What was opened and has to be closed, in the order of opening; `close` closes it in the reverse order.
 *
 * Owner: who made it. Each part is closed once, also when another part fails to close; the first failure is thrown at the end.
 */
export class Scope implements AsyncDisposable {
  readonly #closers: (() => void | Promise<void>)[] = [];

  /** Adds what closes a part. */
  defer(close: () => void | Promise<void>): void {
    this.#closers.push(close);
  }

  /** Closes all parts, the latest first. */
  async close(): Promise<void> {
    let failure: { readonly error: unknown } | undefined;
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) {
      try {
        await close();
      } catch (error) {
        failure ??= { error };
      }
    }
    if (failure !== undefined) throw failure.error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
