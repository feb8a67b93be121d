import { formatLogRecord, type LogLevel, type LogRecord, severityOf } from "../client/index.ts";

export interface LogRingOptions {
  /** Rank of the broker: only records of its own clients are kept. */
  readonly rank: number;
  /** Most records kept; 0 keeps none and feeds no followers. Default 1024. */
  readonly ringSize?: number | undefined;
  /** Least severe level that is kept; default `"debug"`. */
  readonly level?: LogLevel | undefined;
  /** Writes a record where people see it; `undefined` nowhere. */
  readonly print?: ((record: LogRecord) => void) | undefined;
}

/** The log of a broker: the latest records of its rank, and those who follow it. Source: log.c in flux-core. */
export class LogRing {
  readonly #rank: number;
  readonly #size: number;
  readonly #level: number;
  readonly #print: ((record: LogRecord) => void) | undefined;
  readonly #followers = new Set<(text: string) => void>();
  #texts: string[] = [];
  /** Records so far: kept, of this rank, of others (or no records at all). */
  readonly counts = { count: 0, local: 0, remote: 0 };

  constructor(options: LogRingOptions) {
    this.#rank = options.rank;
    this.#size = options.ringSize ?? 1024;
    this.#level = severityOf(options.level ?? "debug");
    this.#print = options.print;
  }

  /** The records kept, oldest first, in the form of `formatLogRecord`. */
  get texts(): readonly string[] {
    return this.#texts;
  }

  /** Takes a record; one with line ends in its message becomes several. */
  append(record: LogRecord): void {
    const lines = record.message.split(/[\r\n]+/).filter((line, index) => line !== "" || index === 0);
    for (const message of lines) this.#appendLine({ ...record, message });
  }

  /** Forgets what it holds. */
  clear(): void {
    this.#texts = [];
  }

  /** Calls `take` with each further record that is kept, until the returned function is called. */
  follow(take: (text: string) => void): () => void {
    this.#followers.add(take);
    return () => this.#followers.delete(take);
  }

  #appendLine(record: LogRecord): void {
    this.#print?.(record);
    if (record.rank !== this.#rank) {
      this.counts.remote++;
      return;
    }
    this.counts.local++;
    if (severityOf(record.level) > this.#level || this.#size === 0) return;
    this.counts.count++;
    const text = formatLogRecord(record);
    this.#texts.push(text);
    if (this.#texts.length > this.#size) this.#texts.shift();
    for (const take of this.#followers) take(text);
  }
}
