import { type ErrnoName, errno, errnoName, isErrnoName, strerror } from "./errno.ts";

/** What surrounds an error besides its number and text. */
export interface FluxErrorOptions {
  /** Topic of the request that failed. */
  readonly topic?: string | undefined;
  /** Rank the request was sent to. */
  readonly nodeid?: number | undefined;
  readonly cause?: unknown;
}

/**
 * The one error class of fluxbus.
 *
 * `errno` is the Linux number as it stands on the wire, `code` its name; `message` is the text the peer sent, or
 * strerror(3)'s. A number that has no name here gets the code `E<number>`.
 */
export class FluxError extends Error {
  override readonly name = "FluxError";
  readonly errno: number;
  readonly code: string;
  /** The text given for this very error; undefined when `message` is only strerror's. */
  readonly text: string | undefined;
  readonly topic: string | undefined;
  readonly nodeid: number | undefined;

  constructor(error: ErrnoName | number, message?: string, options: FluxErrorOptions = {}) {
    const number = typeof error === "number" ? error : errno[error];
    super(
      message === undefined || message === "" ? strerror(number) : message,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.errno = number;
    this.code = errnoName(number) ?? `E${number}`;
    this.text = message === "" ? undefined : message;
    this.topic = options.topic;
    this.nodeid = options.nodeid;
  }

  /** True for a FluxError, and when `code` is given, for one with that code. */
  static is(value: unknown, code?: ErrnoName): value is FluxError {
    return value instanceof FluxError && (code === undefined || value.code === code);
  }

  /**
   * Whatever was thrown, as a FluxError: a FluxError as it is, a system error under its own code, an
   * AbortError as ECANCELED, a TimeoutError as ETIMEDOUT, anything else under `fallback`.
   */
  static from(value: unknown, fallback: ErrnoName = "EIO"): FluxError {
    if (value instanceof FluxError) return value;
    if (!(value instanceof Error)) return new FluxError(fallback, String(value), { cause: value });
    if (value.name === "AbortError") return new FluxError("ECANCELED", value.message, { cause: value });
    if (value.name === "TimeoutError") return new FluxError("ETIMEDOUT", value.message, { cause: value });
    const code: unknown = (value as { code?: unknown }).code;
    return new FluxError(isErrnoName(code) ? code : fallback, value.message, { cause: value });
  }
}
