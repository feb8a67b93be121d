import { closeSync, openSync, writeSync } from "node:fs";
import { FluxError, strerror } from "../base/index.ts";

const OWNER_RW = 0o600;

/** The file of `log-filename`: a line for each record that reaches rank 0, there as soon as it is logged. Source: flux-broker-attributes(7). */
export class LogFile {
  readonly #name: string;
  #fd: number | undefined;

  /**
   * Opens the file to append to it, made for its owner alone if it is not there.
   * @throws FluxError of the system when it can't be opened
   */
  constructor(name: string) {
    this.#name = name;
    try {
      this.#fd = openSync(name, "a", OWNER_RW);
    } catch (thrown) {
      const { errno } = FluxError.from(thrown);
      throw new FluxError(errno, `Error opening logfile ${name}: ${strerror(errno)}`, { cause: thrown });
    }
  }

  /** Appends bytes. When that fails the file is closed, and the error returned. */
  append(bytes: Uint8Array): FluxError | undefined {
    if (this.#fd === undefined) return undefined;
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(this.#fd, bytes, done);
      return undefined;
    } catch (thrown) {
      this.close();
      const { errno } = FluxError.from(thrown);
      return new FluxError(errno, `${this.#name}: ${strerror(errno)}`, { cause: thrown });
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}
