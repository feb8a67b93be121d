import type { TransportLog } from "./transport-log.ts";

/** Longest text of a fault in the log, in characters. */
const LONGEST = 200;

/** What was thrown, as a part of a line of the log: its first line, without a stack. */
export function faultText(thrown: unknown): string {
  const text = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  return text.split("\n", 1)[0]!.slice(0, LONGEST);
}

/**
 * `callback` such that what it throws costs a line of the log and goes no further. A transport calls its owner from
 * receive loops and timers, where an exception would end the process.
 */
export function contained<A extends unknown[]>(
  what: string,
  callback: (...args: A) => void,
  log: TransportLog,
): (...args: A) => void {
  return (...args) => {
    try {
      callback(...args);
    } catch (thrown) {
      log("err", `${what}: ${faultText(thrown)}`);
    }
  };
}
