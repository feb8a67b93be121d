/**
 * Values by topic prefix, found by topic: the match of event subscriptions. A lookup costs one step for each distinct length of a prefix,
 * however many prefixes there are. The empty prefix matches every topic.
 *
 * Prefixes are of bytes in RFC 3; as they are whole UTF-8 texts, comparing them as strings is the same.
 */
export class PrefixTable<T> {
  readonly #sets = new Map<string, Set<T>>();
  /** Number of prefixes of each length. */
  readonly #lengths = new Map<number, number>();

  /** Number of distinct prefixes. */
  get size(): number {
    return this.#sets.size;
  }

  prefixes(): IterableIterator<string> {
    return this.#sets.keys();
  }

  /** All values; one under several prefixes comes several times. */
  values(): T[] {
    return [...this.#sets.values()].flatMap((set) => [...set]);
  }

  has(prefix: string): boolean {
    return this.#sets.has(prefix);
  }

  /** Adds `value` under `prefix`; returns true when the prefix is new. */
  add(prefix: string, value: T): boolean {
    const set = this.#sets.get(prefix);
    if (set !== undefined) {
      set.add(value);
      return false;
    }
    this.#sets.set(prefix, new Set([value]));
    this.#lengths.set(prefix.length, (this.#lengths.get(prefix.length) ?? 0) + 1);
    return true;
  }

  /** Takes `value` away from `prefix`; returns true when that was the last one under it. */
  delete(prefix: string, value: T): boolean {
    const set = this.#sets.get(prefix);
    if (set === undefined || !set.delete(value) || set.size > 0) return false;
    this.#sets.delete(prefix);
    const count = this.#lengths.get(prefix.length)! - 1;
    if (count === 0) this.#lengths.delete(prefix.length);
    else this.#lengths.set(prefix.length, count);
    return true;
  }

  /** Calls `visit` with the values under each prefix of `topic`; a value under several prefixes comes several times. */
  match(topic: string, visit: (values: ReadonlySet<T>) => void): void {
    for (const length of this.#lengths.keys()) {
      if (length > topic.length) continue;
      const set = this.#sets.get(length === topic.length ? topic : topic.slice(0, length));
      if (set !== undefined) visit(set);
    }
  }
}
