import { FluxError } from "../base/index.ts";
import { type LogRecord, severityOf } from "../client/index.ts";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Default of `log-stderr-level`: err. */
export const STDERR_LEVEL = 3;

/** Prints the records of a broker's log that are severe enough. Source: flux-broker-attributes(7), `log-stderr-level`. */
export class StderrLog {
  readonly #write: (line: string) => void;
  #level: number;

  /** @param level - least severe level printed, 0 (emerg) to 7 (debug); -1 prints none */
  constructor(level: number, write: (line: string) => void) {
    this.#level = level;
    this.#write = write;
  }

  get level(): number {
    return this.#level;
  }

  /** Takes the value of the attribute. Throws EINVAL for what is no level. */
  setLevel(value: string): void {
    this.#level = parseSeverity(value);
  }

  print(record: LogRecord): void {
    if (severityOf(record.level) <= this.#level) this.#write(formatStderrLine(record));
  }
}

/** The number of a level of the attribute `log-stderr-level`: 0 to 7, or -1 for none. Throws EINVAL for other texts. */
export function parseSeverity(value: string): number {
  if (!/^(-1|[0-7])$/.test(value)) throw new FluxError("EINVAL", "invalid level");
  return Number(value);
}

/** `Nov 22 02:01:56.655759 UTC 2026 logger.err[0]: text`, in local time. */
export function formatStderrLine(record: LogRecord): string {
  const { timestamp, appname, level, rank, message } = record;
  return `${localTime(timestamp)} ${appname}.${level}[${rank}]: ${message}`;
}

function localTime(timestamp: string): string {
  const date = new Date(timestamp);
  if (Number.isNaN(date.getTime())) return timestamp;
  const two = (number: number): string => String(number).padStart(2, "0");
  const micros = /\.(\d{1,6})/.exec(timestamp)?.[1]?.padEnd(6, "0") ?? "000000";
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${micros}`;
  return `${MONTHS[date.getMonth()]} ${two(date.getDate())} ${clock} ${zoneName(date)} ${date.getFullYear()}`;
}

let zones: Intl.DateTimeFormat | undefined;

function zoneName(date: Date): string {
  zones ??= new Intl.DateTimeFormat("en-US", { timeZoneName: "short" });
  return zones.formatToParts(date).find(({ type }) => type === "timeZoneName")?.value ?? "UTC";
}
