/**
 * Matchtags and who waits for each. A tag is a small positive integer, taken when a request is sent and given back when its last response
 * has come, so that no two open requests of a handle share one. Tag 0 stands for no response and is never given out.
 */
export class PendingTable<T> {
  readonly #entries: (T | undefined)[] = [undefined];
  readonly #free: number[] = [];
  #size = 0;

  /** Number of tags in use. */
  get size(): number {
    return this.#size;
  }

  /** Takes a free tag for `entry`. */
  add(entry: T): number {
    this.#size++;
    const tag = this.#free.pop();
    if (tag === undefined) return this.#entries.push(entry) - 1;
    this.#entries[tag] = entry;
    return tag;
  }

  /** Who waits for `tag`, if anyone. */
  get(tag: number): T | undefined {
    return this.#entries[tag];
  }

  /** Puts `entry` in the place of the one that waits for `tag`. */
  replace(tag: number, entry: T): void {
    if (this.#entries[tag] !== undefined) this.#entries[tag] = entry;
  }

  /** Gives `tag` back. */
  delete(tag: number): void {
    if (this.#entries[tag] === undefined) return;
    this.#entries[tag] = undefined;
    this.#size--;
    this.#free.push(tag);
  }

  /** Gives every tag back and returns who waited. */
  clear(): T[] {
    const entries = this.#entries.filter((entry) => entry !== undefined);
    this.#entries.length = 1;
    this.#free.length = 0;
    this.#size = 0;
    return entries;
  }
}
