/** The latest records of a broker, and those who follow them. Owner: the log of the broker. */
export class LogRing {
  readonly #size: number;
  readonly #followers = new Set<(record: Uint8Array) => void>();
  #records: Uint8Array[] = [];
  /** Records before this one are forgotten: shifting an array one by one is slow. */
  #first = 0;
  #count = 0;

  /** @param size - most records kept; 0 keeps none and feeds no followers */
  constructor(size: number) {
    this.#size = size;
  }

  /** Records it holds. */
  get used(): number {
    return this.#records.length - this.#first;
  }

  /** Records it took so far. */
  get count(): number {
    return this.#count;
  }

  /** The records it holds, oldest first. */
  records(): Uint8Array[] {
    return this.#records.slice(this.#first);
  }

  /** Takes a record, which is its own from then on. */
  append(record: Uint8Array): void {
    if (this.#size === 0) return;
    this.#count++;
    this.#records.push(record);
    if (this.used > this.#size) this.#first++;
    if (this.#first > this.#size) {
      this.#records = this.records();
      this.#first = 0;
    }
    for (const take of this.#followers) take(record);
  }

  /** Forgets what it holds. */
  clear(): void {
    this.#records = [];
    this.#first = 0;
  }

  /** Calls `take` with each further record, until the returned function is called. */
  follow(take: (record: Uint8Array) => void): () => void {
    this.#followers.add(take);
    return () => this.#followers.delete(take);
  }
}
