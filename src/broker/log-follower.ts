/** Most records that wait for a follower who does not keep up. */
export const MOST_RECORDS = 65_536;

/**
 * The records that wait for one follower of the log. Of more than its bounds the oldest are dropped and counted, and the follower
 * is told how many, in their place. Owner: the request that follows.
 */
export class LogFollower {
  readonly #maxBytes: number;
  readonly #maxRecords: number;
  readonly #describeDrops: (count: number) => Uint8Array;
  #records: (Uint8Array | undefined)[] = [];
  /** Records before this one are read or dropped: shifting an array one by one is slow. */
  #first = 0;
  #bytes = 0;
  #dropped = 0;
  #ended = false;
  #wake: (() => void) | undefined;

  /**
   * @param maxBytes - most bytes of records that wait; the latest record may be larger
   * @param describeDrops - the record that tells of `count` dropped ones
   */
  constructor(
    maxBytes: number,
    describeDrops: (count: number) => Uint8Array,
    maxRecords: number = MOST_RECORDS,
  ) {
    this.#maxBytes = maxBytes;
    this.#maxRecords = maxRecords;
    this.#describeDrops = describeDrops;
  }

  push(record: Uint8Array): void {
    if (this.#ended) return;
    this.#records.push(record);
    this.#bytes += record.length;
    while (this.#waiting > 1 && (this.#bytes > this.#maxBytes || this.#waiting > this.#maxRecords)) {
      this.#shift();
      this.#dropped++;
    }
    this.#wake?.();
  }

  /** No more records come: `next` gives undefined after those that wait. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** Ends at once and forgets what waits. */
  stop(): void {
    this.#records = [];
    this.#first = 0;
    this.#dropped = 0;
    this.end();
  }

  /** The next record, or undefined at the end. One call at a time. */
  async next(): Promise<Uint8Array | undefined> {
    while (this.#waiting === 0 && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    if (this.#dropped > 0) {
      const record = this.#describeDrops(this.#dropped);
      this.#dropped = 0;
      return record;
    }
    return this.#waiting === 0 ? undefined : this.#shift();
  }

  get #waiting(): number {
    return this.#records.length - this.#first;
  }

  #shift(): Uint8Array {
    const record = this.#records[this.#first]!;
    this.#records[this.#first++] = undefined;
    this.#bytes -= record.length;
    if (this.#first >= 1024 && this.#first * 2 >= this.#records.length) {
      this.#records = this.#records.slice(this.#first);
      this.#first = 0;
    }
    return record;
  }
}
