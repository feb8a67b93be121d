import { constants } from "node:os";
import { strsignal } from "../base/index.ts";

/**
 * The status of wait(2) of a process that Node saw end: `code` when it exited, else `signal`. Whether it dumped core, Node does not say; and of one
 * that a real-time signal ended it says that it exited with 0.
 */
export function waitStatus(code: number | null, signal: NodeJS.Signals | null): number {
  if (signal !== null) return constants.signals[signal] & 0x7f;
  return ((code ?? 0) & 0xff) << 8;
}

/** The exit code of a status of wait(2); undefined when a signal ended the process. */
export function exitCode(status: number): number | undefined {
  return (status & 0x7f) === 0 ? (status >> 8) & 0xff : undefined;
}

/** The number of the signal that ended the process; undefined when it exited. */
export function termSignal(status: number): number | undefined {
  const signum = status & 0x7f;
  return signum === 0 || signum === 0x7f ? undefined : signum;
}

/** What a shell makes of a status: the exit code, or 128 and the number of the signal. */
export function shellStatus(status: number): number {
  return exitCode(status) ?? 128 + (termSignal(status) ?? 0);
}

/** What flux-exec(1) prints of a status: `Exit 2`, or the text of the signal. */
export function describeStatus(status: number): string {
  const signum = termSignal(status);
  return signum === undefined ? `Exit ${exitCode(status) ?? 0}` : strsignal(signum);
}
