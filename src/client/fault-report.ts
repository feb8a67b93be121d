import { printable } from "../base/index.ts";
import { type Log, type LogCause, LogSummary } from "./log-summary.ts";

/** Most places of a stack that are logged, and longest line of one. */
const MOST_PLACES = 10;
const PLACE_LENGTH = 256;

/**
 * The line about a fault of the program, and its cause: the error with its stack is written once; the same error at the same
 * place is counted after that. `what` names where it was noticed, as `handler of svc.method failed`, and may have a text of others
 * in it; `kind` may not.
 */
export function faultReport(
  what: string,
  thrown: unknown,
  kind = "service",
): readonly [text: string, cause: LogCause] {
  const places = placesOf(thrown);
  const { name, message } = partsOf(thrown);
  const place = places[0]?.trim() ?? "at an unknown place";
  const parts = [what, ...(thrown instanceof Error ? [name] : []), ...(message === "" ? [] : [message])];
  return [parts.join(": "), { kind: `fault of ${kind}, ${name} ${place}`, details: places, burst: 1 }];
}

/** Logs the faults of a program's callbacks, each once: callers bring those of handlers about. Ends with `close`, as LogSummary does. */
export class FaultLog {
  readonly #summary: LogSummary;

  constructor(log: Log) {
    this.#summary = new LogSummary({ write: (level, text) => log(level, text) });
  }

  /** `callback` names what failed; `kind` names it in words of the program alone. */
  report(callback: string, thrown: unknown, kind: string): void {
    this.#summary.report("err", ...faultReport(`${callback} failed`, thrown, kind));
  }

  close(): void {
    this.#summary.close();
  }
}

/** The name and the message of what was thrown, whatever it is. */
function partsOf(thrown: unknown): { readonly name: string; readonly message: string } {
  if (thrown instanceof Error)
    return { name: String(thrown.name).slice(0, PLACE_LENGTH), message: `${thrown.message}` };
  try {
    return { name: typeof thrown, message: String(thrown) };
  } catch {
    return { name: typeof thrown, message: "" };
  }
}

/** The places of a stack. The message before them may have lines of its own, which others may have chosen. */
function placesOf(thrown: unknown): string[] {
  const stack = thrown instanceof Error ? thrown.stack : undefined;
  if (typeof stack !== "string") return [];
  const { message } = thrown as Error;
  const start = message === "" ? 0 : stack.indexOf(message) + message.length;
  const lines = stack
    .slice(start)
    .split("\n")
    .filter((line) => /^\s+at /.test(line));
  return lines.slice(0, MOST_PLACES).map((line) => printable(line.slice(0, PLACE_LENGTH)));
}
