import { closeSync, openSync, writeSync } from "node:fs";
import { encodeUtf8, FluxError, strerror } from "../base/index.ts";

const OWNER_RW = 0o600;
const NEWLINE = 0x0a;

/** Default of `retryMs`. */
const RETRY_MS = 1000;

export interface LogFileOptions {
  /** Milliseconds until a file that could not be written to is tried again, from 0; default 1000. */
  readonly retryMs?: number | undefined;
  /** Milliseconds that only grow. */
  readonly now?: (() => number) | undefined;
  /** Writes to the descriptor and returns how many bytes it took; default writeSync. */
  readonly write?: ((fd: number, bytes: Uint8Array, start: number) => number) | undefined;
}

/**
 * The file of `log-filename`: a line for each record that reaches rank 0, there as soon as it is logged. While the file can't be
 * written to, as on a full disk, records are counted; a line tells in their place how many are missing. Source: flux-broker-attributes(7).
 */
export class LogFile {
  readonly #name: string;
  readonly #retryMs: number;
  readonly #now: () => number;
  readonly #write: (fd: number, bytes: Uint8Array, start: number) => number;
  #fd: number | undefined;
  /** Records that are missing since the file could be written to. */
  #missing = 0;
  #retryAt = 0;
  /** The file ends within a line. */
  #isPartial = false;

  /**
   * Opens the file to append to it, made for its owner alone if it is not there.
   * @throws FluxError of the system when it can't be opened
   */
  constructor(name: string, options: LogFileOptions = {}) {
    this.#name = name;
    this.#retryMs = options.retryMs ?? RETRY_MS;
    this.#now = options.now ?? (() => performance.now());
    this.#write = options.write ?? ((fd, bytes, start) => writeSync(fd, bytes, start));
    try {
      this.#fd = openSync(name, "a", OWNER_RW);
    } catch (thrown) {
      const { errno } = FluxError.from(thrown);
      throw new FluxError(errno, `Error opening logfile ${name}: ${strerror(errno)}`, { cause: thrown });
    }
  }

  /** Appends a line, which ends with a newline. Returns a notice for people when the file can no longer be written to, or can again. */
  append(line: Uint8Array): string | undefined {
    if (this.#fd === undefined) return undefined;
    const missing = this.#missing;
    if (missing > 0 && this.#now() < this.#retryAt) {
      this.#missing++;
      return undefined;
    }
    try {
      if (this.#isPartial) this.#append(this.#fd, Uint8Array.of(NEWLINE));
      if (missing > 0) this.#append(this.#fd, encodeUtf8(`fluxbus: ${missing} records are missing here\n`));
      this.#missing = 0;
      this.#append(this.#fd, line);
      return missing === 0 ? undefined : `${this.#name}: written to again, ${missing} records are missing`;
    } catch (thrown) {
      const { errno } = FluxError.from(thrown);
      const isNew = this.#missing === 0;
      this.#missing++;
      this.#retryAt = this.#now() + this.#retryMs;
      return isNew ? `${this.#name}: ${strerror(errno)}` : undefined;
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #append(fd: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      done += this.#write(fd, bytes, done);
      this.#isPartial = bytes[done - 1] !== NEWLINE;
    }
  }
}
