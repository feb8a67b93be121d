import { printable } from "../base/index.ts";
import type { LogLevel, LogRecord } from "../client/index.ts";
import type { Colors } from "./colors.ts";
import { localMinute, twoDigits } from "./local-minute.ts";

/** How records of the log are printed. */
export interface LogLineOptions {
  /** Times for people: a date when the minute changes, otherwise seconds since that date. */
  readonly human: boolean;
  /** With `human`: seconds since the record before. */
  readonly delta: boolean;
  readonly colors: Colors;
}

/** Prints the records of a log, one after the other. Source: flux-dmesg(1). */
export class LogLines {
  readonly #options: LogLineOptions;
  /** Time of the latest date, and of the latest record, in microseconds. */
  #dated: number | undefined;
  #latest = 0;

  constructor(options: LogLineOptions) {
    this.#options = options;
  }

  format(record: LogRecord): string {
    const { colors } = this.#options;
    const { appname, level, rank, hostname = rank, message } = record;
    const name = colors.yellow(printable(`${appname}.${level}[${hostname}]`));
    return `${this.#time(record.timestamp)} ${name}: ${paint(level, printable(message), colors)}`;
  }

  #time(timestamp: string): string {
    const { human, delta, colors } = this.#options;
    const micros = microseconds(timestamp);
    if (!human)
      return colors.green(micros === undefined ? printable(timestamp) : localTime(timestamp, micros));
    if (micros === undefined) return colors.green(`[${printable(timestamp)}]`);
    const since = delta ? this.#latest : this.#dated;
    const isNew = this.#dated === undefined || minuteOf(micros) !== minuteOf(this.#dated);
    this.#latest = micros;
    if (isNew || since === undefined) {
      this.#dated = micros;
      return colors.bold(colors.green(`[${localMinute(new Date(micros / 1000))}]`));
    }
    const seconds = (micros - since) / 1e6;
    return colors.green(`[${`${seconds < 0 ? "" : "+"}${seconds.toFixed(6)}`.padStart(11)}]`);
  }
}

function paint(level: LogLevel, text: string, colors: Colors): string {
  switch (level) {
    case "emerg":
    case "alert":
      return colors.inverse(colors.red(text));
    case "crit":
      return colors.bold(colors.red(text));
    case "err":
      return colors.red(text);
    case "warning":
      return colors.bold(text);
    case "debug":
      return colors.blue(text);
    default:
      return text;
  }
}

/** Microseconds since the epoch; undefined for what is no time. */
function microseconds(timestamp: string): number | undefined {
  const ms = Date.parse(timestamp.replace(/\.\d+/, ""));
  if (Number.isNaN(ms)) return undefined;
  return ms * 1000 + Number(/\.(\d{1,6})/.exec(timestamp)?.[1]?.padEnd(6, "0") ?? 0);
}

/** The time as it stands where it is UTC, elsewhere local time and its offset. Source: RFC 3339. */
function localTime(timestamp: string, micros: number): string {
  const date = new Date(micros / 1000);
  const offset = -date.getTimezoneOffset();
  if (offset === 0) return timestamp;
  const local = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, 19);
  const fraction = String(micros % 1e6).padStart(6, "0");
  const ahead = Math.abs(offset);
  return `${local}.${fraction}${offset < 0 ? "-" : "+"}${twoDigits(Math.floor(ahead / 60))}:${twoDigits(ahead % 60)}`;
}

function minuteOf(micros: number): number {
  return Math.floor(micros / 60e6);
}
