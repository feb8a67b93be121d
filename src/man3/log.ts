import { format } from "node:util";
import { strerror } from "../base/index.ts";
import { type Flux, LOG_LEVELS, type LogNames } from "../client/index.ts";
import { writeStderr } from "../system/index.ts";
import { givenText } from "./arguments.ts";

/** The names handles log under, where they were set. */
const names = new WeakMap<Flux, LogNames>();

/**
 * Appends a line to the log of the broker; without a handle, to stderr. Resolves when it is sent.
 * @param level - LOG_EMERG to LOG_DEBUG.
 * @param fmt - with `%s`, `%d`, `%i` and `%f` as in printf(3), without widths; the others are those of `util.format`.
 * Source: flux_log(3).
 */
export async function flux_log(
  h: Flux | null,
  level: number,
  fmt: string,
  ...args: unknown[]
): Promise<void> {
  const severity = LOG_LEVELS[level & 7]!;
  const text = format(givenText(fmt, "fmt"), ...args);
  if (h === null) writeStderr(`${severity}: ${text}\n`);
  else await h.log(severity, text, names.get(h));
}

/** Sets the program name the handle logs under. Source: flux_log(3). */
export function flux_log_set_appname(h: Flux, s: string): void {
  names.set(h, { ...names.get(h), appname: givenText(s, "s") });
}

/** Sets the process id the handle logs under. Source: flux_log(3). */
export function flux_log_set_procid(h: Flux, s: string): void {
  names.set(h, { ...names.get(h), procid: givenText(s, "s") });
}

/** The text of an error number. Source: flog.h. */
export function flux_strerror(errnum: number): string {
  return strerror(errnum);
}
