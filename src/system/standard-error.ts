import { constants, fstatSync, openSync, writeSync } from "node:fs";
import { strerror } from "../base/index.ts";

const STDERR = 2;

let guarded = false;

/**
 * Writes text to standard error, for a command or a library: it waits for a slow reader. What can't be written (the disk is full, nobody reads) is lost, for there is
 * nowhere left to say so.
 */
export function writeStderr(text: string): void {
  if (!guarded) ignoreErrorsOf(process.stderr);
  guarded = true;
  process.stderr.write(text);
}

/** How long a text waits before it is tried again, in milliseconds. */
const RETRY_MS = 100;

export interface PatientWriterOptions {
  /** Most bytes that wait for a reader; lines beyond them are lost. Default 1 MiB. */
  readonly maxBytes?: number | undefined;
}

export const MAX_BYTES = 1024 * 1024;

/** A line that waits. A notice stands for lines that were lost. */
interface Waiting {
  bytes: Buffer;
  readonly noticeOf: number;
}

/**
 * Writes lines to a descriptor for a process that goes on whatever becomes of it: a full disk, a reader that has left, or one that does not read. Lines are lost then;
 * they are counted, and the next line that can be written comes behind one that tells how many. What a slow reader has not taken waits, up to a limit.
 */
export class PatientWriter {
  readonly #original: number;
  readonly #maxBytes: number;
  /** The descriptor to write to: one of its own that does not block, where the system gives one. */
  #fd: number | undefined;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #lost = 0;
  /** Lost lines that no notice stands for yet, and why the last of them was lost. */
  #unsaid = 0;
  #reason = "";

  constructor(fd: number, { maxBytes = MAX_BYTES }: PatientWriterOptions = {}) {
    this.#original = fd;
    this.#maxBytes = maxBytes;
    process.on("exit", () => this.#flush());
  }

  /** Lines that were lost so far. */
  get lost(): number {
    return this.#lost;
  }

  /** Writes a line, or keeps it for later. Never throws. */
  write(line: string): void {
    const bytes = Buffer.from(`${line}\n`);
    if (this.#waitingBytes > 0 && this.#waitingBytes + bytes.length > this.#maxBytes) {
      this.#lost++;
      this.#unsaid++;
      this.#reason = "nobody reads";
      return;
    }
    if (this.#unsaid > 0) {
      const lines = this.#unsaid === 1 ? "1 line was" : `${this.#unsaid} lines were`;
      this.#keep(Buffer.from(`fluxbus: ${lines} lost here: ${this.#reason}\n`), this.#unsaid);
      this.#unsaid = 0;
    }
    this.#keep(bytes, 0);
    // While others wait, their timer sees to it.
    if (this.#timer === undefined) this.#flush();
  }

  #keep(bytes: Buffer, noticeOf: number): void {
    this.#waiting.push({ bytes, noticeOf });
    this.#waitingBytes += bytes.length;
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const error = this.#try(next);
      if (error === undefined) this.#waiting.shift();
      else if (error.code === "EAGAIN") {
        this.#timer = setTimeout(() => this.#flush(), RETRY_MS);
        this.#timer.unref();
        return;
      } else this.#loseAll(strerror(-(error.errno ?? 0)));
    }
  }

  /** Writes a line, or the rest of one; returns why not all of it could be written. */
  #try(next: Waiting): NodeJS.ErrnoException | undefined {
    try {
      this.#fd ??= openAgain(this.#original);
      while (next.bytes.length > 0) {
        const done = writeSync(this.#fd ?? this.#original, next.bytes);
        next.bytes = next.bytes.subarray(done);
        this.#waitingBytes -= done;
      }
      return undefined;
    } catch (error) {
      return error as NodeJS.ErrnoException;
    }
  }

  #loseAll(reason: string): void {
    for (const { noticeOf } of this.#waiting) {
      if (noticeOf === 0) this.#lost++;
      this.#unsaid += noticeOf || 1;
    }
    this.#reason = reason;
    this.#waiting = [];
    this.#waitingBytes = 0;
  }
}

/**
 * A descriptor for the same pipe or terminal that does not block; one for all else is `fd` itself. Undefined when there is no descriptor left for it. It is
 * opened anew, for the mode belongs to the open file, which other processes share.
 */
function openAgain(fd: number): number | undefined {
  const status = fstatSync(fd);
  if (process.platform !== "linux" || !(status.isFIFO() || status.isCharacterDevice())) return fd;
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "EMFILE" || code === "ENFILE" ? undefined : fd;
  }
}

let stderr: PatientWriter | undefined;

/** Writes a line to standard error, for a daemon: it waits for nobody. */
export function logToStderr(line: string): void {
  stderr ??= new PatientWriter(STDERR);
  stderr.write(line);
}

/**
 * Lets this process go on when one of its standard streams fails. What is written to it then is lost.
 */
export function ignoreErrorsOf(...streams: NodeJS.WriteStream[]): void {
  for (const stream of streams) stream.on("error", () => {});
}
