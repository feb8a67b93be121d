import { FluxError } from "../base/index.ts";
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
    process.stderr.write(`${command}: ${thrown instanceof Error ? thrown.stack : String(thrown)}\n`);
    return ExitStatus.FAILED;
  }
  const { subject, error, message, status } = failure;
  const line = json
    ? JSON.stringify({ command, subject, errno: error.errno, code: error.code, message: error.message })
    : `${command}: ${message}`;
  process.stderr.write(`${line}\n`);
  return status;
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
