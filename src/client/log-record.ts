import { decodeUtf8, encodeUtf8, FluxError } from "../base/index.ts";

/** Severities of RFC 5424 by number. */
export const LOG_LEVELS = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Who writes to the log. */
export interface LogNames {
  /** Program, 48 characters at most. */
  readonly appname?: string | undefined;
  /** Process id, or `-`. */
  readonly procid?: string | undefined;
}

/** One line of the log. */
export interface LogRecord {
  readonly level: LogLevel;
  /** UTC, `YYYY-MM-DDTHH:MM:SS.uuuuuuZ`. */
  readonly timestamp: string;
  /** Rank of the broker that the client is connected to. */
  readonly rank: number;
  /** Program, 48 characters at most. */
  readonly appname: string;
  /** Process id, or `-`. */
  readonly procid: string;
  readonly message: string;
}

const RECORD = /^<(\d{1,3})>1 (\S+) (\S+) (\S+) (\S+) (\S+) (-|\[.*?\]) ?/s;

/** Number of a level: 0 (emerg) to 7 (debug). */
export function severityOf(level: LogLevel): number {
  return LOG_LEVELS.indexOf(level);
}

/**
 * A record as Flux writes it. The priority is the severity times 8: facility and severity are swapped with respect to RFC 5424,
 * as in flux-core's stdlog.
 */
export function formatLogRecord(record: LogRecord): string {
  const { level, timestamp, rank, appname, procid, message } = record;
  const severity = severityOf(level);
  if (severity < 0)
    throw new FluxError("EINVAL", `'${level}' is no log level: they are ${LOG_LEVELS.join(", ")}`);
  return `<${severity << 3}>1 ${timestamp} ${rank} ${appname.slice(0, 48)} ${procid} - - ${message}`;
}

/** Reads a record; undefined when the text is none. */
export function parseLogRecord(text: string): LogRecord | undefined {
  const match = RECORD.exec(text);
  if (match === null) return undefined;
  const [whole, pri, timestamp, hostname, appname, procid] = match;
  const level = LOG_LEVELS[(Number(pri) >> 3) & 7];
  const rank = /^\d+$/.test(hostname!) ? Number(hostname) : Number.NaN;
  if (level === undefined || Number(pri) > 191) return undefined;
  return {
    level,
    timestamp: timestamp!,
    rank,
    appname: appname!,
    procid: procid!,
    message: text.slice(whole.length),
  };
}

/** The current time, or `date`, as records have it: microseconds, of which JavaScript knows the first three digits. */
export function logTimestamp(date = new Date()): string {
  return date.toISOString().replace(/Z$/, "000Z");
}

/** Bytes of a record for log.append, which takes no NUL. */
export function encodeLogRecord(record: LogRecord): Uint8Array {
  return encodeUtf8(formatLogRecord(record));
}

/** Text of the bytes of log.append, trailing NUL and line ends cut. */
export function decodeLogText(bytes: Uint8Array): string {
  return decodeUtf8(bytes).replace(/[\0\r\n]+$/, "");
}
