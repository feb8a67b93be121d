import { readFileSync } from "node:fs";
import { FluxError, strerror } from "../base/index.ts";

/** Signals that stop a process: SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU. */
const STOP_SIGNALS = new Set([19, 20, 21, 22]);

/** How long a process that was sent such a signal is watched, in looks and milliseconds between them. */
const LOOKS = 50;
const LOOK_MS = 10;

/** Sends a signal to a process, or to the group it leads. Throws as kill(2) and killpg(3), EINVAL for what is no signal. */
export function killProcess(pid: number, signum: number, group: boolean): void {
  try {
    process.kill(group ? -pid : pid, signum);
  } catch (thrown) {
    const { errno } = FluxError.from(thrown, "EINVAL");
    throw new FluxError(errno, `${group ? "killpg" : "kill"}: ${strerror(errno)}`);
  }
}

/** True for a signal whose default is to stop the process. */
export function stopsProcess(signum: number): boolean {
  return STOP_SIGNALS.has(signum);
}

/**
 * Calls `stopped` when the process is seen stopped soon after a signal. Node does not tell when a process stops by itself.
 */
export function whenStopped(pid: number, alive: () => boolean, stopped: () => void): void {
  let looks = 0;
  const look = (): void => {
    if (!alive()) return;
    looks++;
    if (isStopped(pid)) stopped();
    else if (looks < LOOKS) setTimeout(look, LOOK_MS).unref();
  };
  look();
}

function isStopped(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.charAt(stat.lastIndexOf(")") + 2) === "T";
  } catch {
    return false;
  }
}
