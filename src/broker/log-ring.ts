/** The latest records of a broker, and those who follow them. Owner: the log of the broker. */
export class LogRing {
  readonly #size: number;
  readonly #maxBytes: number;
  readonly #followers = new Set<(record: Uint8Array) => void>();
  #records: (Uint8Array | undefined)[] = [];
  /** Records before this one are forgotten: shifting an array one by one is slow. */
  #first = 0;
  #bytes = 0;
  #count = 0;

  /**
   * @param size - most records kept; 0 keeps none and feeds no followers
   * @param maxBytes - most bytes of records kept; the latest is kept whatever its length
   */
  constructor(size: number, maxBytes: number) {
    this.#size = size;
    this.#maxBytes = maxBytes;
  }

  /** Records it holds. */
  get used(): number {
    return this.#records.length - this.#first;
  }

  /** Bytes of the records it holds. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Records it took so far. */
  get count(): number {
    return this.#count;
  }

  /** The records it holds, oldest first. */
  records(): Uint8Array[] {
    return this.#records.slice(this.#first) as Uint8Array[];
  }

  /** Takes a record, which is its own from then on. */
  append(record: Uint8Array): void {
    if (this.#size === 0) return;
    this.#count++;
    this.#records.push(record);
    this.#bytes += record.length;
    while (this.used > this.#size || (this.#bytes > this.#maxBytes && this.used > 1)) this.#forgetOldest();
    for (const take of this.#followers) take(record);
  }

  /** Forgets what it holds. */
  clear(): void {
    this.#records = [];
    this.#first = 0;
    this.#bytes = 0;
  }

  /** Calls `take` with each further record, until the returned function is called. */
  follow(take: (record: Uint8Array) => void): () => void {
    this.#followers.add(take);
    return () => this.#followers.delete(take);
  }

  #forgetOldest(): void {
    this.#bytes -= this.#records[this.#first]!.length;
    this.#records[this.#first++] = undefined;
    if (this.#first > this.used) {
      this.#records = this.records();
      this.#first = 0;
    }
  }
}
