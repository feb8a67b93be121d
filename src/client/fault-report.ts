import { printable } from "../base/index.ts";
import type { LogCause } from "./log-summary.ts";

/** Most places of a stack that are logged, and longest line of one. */
const MOST_PLACES = 10;
const PLACE_LENGTH = 256;

/**
 * The line about a fault of the program, and its cause: the error with its stack is written once; the same error at the same
 * place is counted after that. `what` names where it was noticed, as `handler of svc.method`.
 */
export function faultReport(what: string, thrown: unknown): readonly [text: string, cause: LogCause] {
  const places = placesOf(thrown);
  const { name, message } = partsOf(thrown);
  const kind = `fault ${name} ${places[0]?.trim() ?? "at an unknown place"}`;
  return [`${what}: ${name}${message === "" ? "" : `: ${message}`}`, { kind, details: places, burst: 1 }];
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
