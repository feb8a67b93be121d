import { FluxError } from "../base/index.ts";
import { writeStderr } from "../system/index.ts";
import { ExitStatus } from "./exit-status.ts";

/** Why a command did not do what it was asked: what it is about (a topic, a name), the error, and the exit status. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly subject: string | undefined;
  readonly error: FluxError;
  readonly status: number;

  constructor(subject: string | undefined, error: FluxError, status: number = statusOf(error)) {
    super(subject === undefined ? error.message : `${subject}: ${error.message}`, { cause: error });
    this.subject = subject;
    this.error = error;
    this.status = status;
  }
}

/** A failure of the command line itself, found behind the parser. */
export function usageError(text: string): Failure {
  return new Failure(undefined, new FluxError("EINVAL", text), ExitStatus.USAGE);
}

/** The value of `promise`; its FluxError becomes a failure that names its subject. */
export async function about<T>(subject: string, promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    throw FluxError.is(error) ? new Failure(subject, error) : error;
  }
}

/** Writes to stderr why `command` failed, a line of text or of JSON, and returns the exit status. */
export function report(thrown: unknown, command: string, json: boolean): number {
  const failure = failureOf(thrown);
  if (failure === undefined) {
    writeStderr(`${command}: ${thrown instanceof Error ? thrown.stack : String(thrown)}\n`);
    return ExitStatus.FAILED;
  }
  const { subject, error, message, status } = failure;
  const line = json
    ? JSON.stringify({ command, subject, errno: error.errno, code: error.code, message: error.message })
    : `${command}: ${message}`;
  writeStderr(`${line}\n`);
  return status;
}

/** How a command meets an error of its standard output. */
export interface OutputFailureOptions {
  readonly json: boolean;
  /** The command goes on without output. */
  readonly goesOn: boolean;
}

/**
 * What a command does when its standard output fails; returns the exit status, undefined to go on. A reader that has left (`| head`) has seen enough: nothing is said
 * then. Anything else is said as every failure is.
 */
export function outputFailed(
  error: unknown,
  command: string,
  { json, goesOn }: OutputFailureOptions,
): number | undefined {
  const { code, errno } = FluxError.from(error);
  if (code === "EPIPE" && !goesOn) return ExitStatus.BROKEN_PIPE;
  const status = report(new Failure("standard output", new FluxError(errno)), command, json);
  return goesOn ? undefined : status;
}

function failureOf(thrown: unknown): Failure | undefined {
  if (thrown instanceof Failure) return thrown;
  if (FluxError.is(thrown)) return new Failure(undefined, thrown);
  const isSystemError = thrown instanceof Error && "syscall" in thrown;
  return isSystemError ? new Failure(undefined, FluxError.from(thrown)) : undefined;
}

function statusOf(error: FluxError): number {
  return error.code === "ETIMEDOUT" ? ExitStatus.TIMEOUT : ExitStatus.FAILED;
}
