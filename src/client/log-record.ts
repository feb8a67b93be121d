import { encodeUtf8, FluxError } from "../base/index.ts";

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
  /** Rank of the broker that the client is connected to; NaN in a record that has no number there. */
  readonly rank: number;
  /** What stands where the rank should, in the records of a broker that does not know its rank yet. */
  readonly hostname?: string | undefined;
  /** Program, 48 characters at most. */
  readonly appname: string;
  /** Process id, or `-`. */
  readonly procid: string;
  /** Kind of the message, for programs; Flux has none. */
  readonly msgid?: string | undefined;
  /** `[name key="value"]`, for programs; Flux has none. */
  readonly structuredData?: string | undefined;
  readonly message: string;
}

/** What stands before the message of a record. */
export interface LogHeader {
  /** 0 (emerg) to 7 (debug); a record may claim more, which nothing lets through. */
  readonly severity: number;
  readonly timestamp: string;
  /** The rank, or what stands there. */
  readonly hostname: string;
  readonly appname: string;
  readonly procid: string;
  readonly msgid: string;
  readonly structuredData: string;
  /** Where in the text the message begins. */
  readonly start: number;
}

/** Numbers are read as a whole, as scanf(3) does: digits that were given back would be tried with all that follows. */
const HEADER = /^<\s*(?=(\d+))\1.\s*(?=(\d+))\2.([^ ]+) ([^ ]+) ([^ ]+) ([^ ]+) ([^ ]+) /s;
const NONE = "-";

/** Longest fields of a record, in characters. */
const MAX_APPNAME = 48;
const MAX_PROCID = 128;
const MAX_HOSTNAME = 255;
const MAX_MSGID = 32;
/** Longest part of a record before its structured data. */
const MAX_HEADER = 508;

/** Number of a level: 0 (emerg) to 7 (debug). */
export function severityOf(level: LogLevel): number {
  return LOG_LEVELS.indexOf(level);
}

/**
 * A record as Flux writes it. The priority is the severity times 8: facility and severity are swapped with respect to RFC 5424,
 * as in flux-core's stdlog.
 */
export function formatLogRecord(record: LogRecord): string {
  const { level, timestamp, rank, appname, message } = record;
  const severity = severityOf(level);
  if (severity < 0)
    throw new FluxError("EINVAL", `'${level}' is no log level: they are ${LOG_LEVELS.join(", ")}`);
  const hostname = record.hostname?.slice(0, MAX_HOSTNAME) ?? rank;
  const procid = record.procid.slice(0, MAX_PROCID);
  const msgid = record.msgid?.slice(0, MAX_MSGID) ?? NONE;
  const data = record.structuredData ?? NONE;
  return `<${severity << 3}>1 ${timestamp} ${hostname} ${appname.slice(0, MAX_APPNAME)} ${procid} ${msgid} ${data} ${message}`;
}

/** Reads what stands before the message of a record; undefined when the text is no record. Source: RFC 5424; stdlog.c in flux-core. */
export function parseLogHeader(text: string): LogHeader | undefined {
  const match = HEADER.exec(text.length > MAX_HEADER ? text.slice(0, MAX_HEADER) : text);
  if (match === null) return undefined;
  const [whole, pri, , timestamp, hostname, appname, procid, msgid] = match;
  const end = endOfStructuredData(text, whole.length);
  if (end === undefined) return undefined;
  return {
    severity: Number(pri) >> 3,
    timestamp: timestamp!,
    hostname: hostname!,
    appname: appname!,
    procid: procid!,
    msgid: msgid!,
    structuredData: text.slice(whole.length, end),
    start: end + 1,
  };
}

/** Reads a record; undefined when the text is none. */
export function parseLogRecord(text: string): LogRecord | undefined {
  const header = parseLogHeader(text);
  const level = LOG_LEVELS[header?.severity ?? -1];
  if (header === undefined || level === undefined) return undefined;
  const { timestamp, hostname, appname, procid, msgid, structuredData } = header;
  const ranked = /^\d+$/.test(hostname);
  return {
    level,
    timestamp,
    rank: ranked ? Number(hostname) : Number.NaN,
    ...(ranked ? {} : { hostname }),
    appname,
    procid,
    ...(msgid === NONE ? {} : { msgid }),
    ...(structuredData === NONE ? {} : { structuredData }),
    message: text.slice(header.start),
  };
}

/** The lines of a message, each a record of its own; line ends behind it and empty lines in it are left out. Source: flux_log(3). */
export function logLines(message: string): string[] {
  return trimLineEnds(message).split(/[\r\n]+/);
}

/** `text` without the line ends behind it. */
export function trimLineEnds(text: string): string {
  let end = text.length;
  while (end > 0 && (text[end - 1] === "\n" || text[end - 1] === "\r")) end--;
  return text.slice(0, end);
}

/** The current time, or `date`, as records have it: microseconds, of which JavaScript knows the first three digits. */
export function logTimestamp(date = new Date()): string {
  return date.toISOString().replace(/Z$/, "000Z");
}

/** Bytes of a record for log.append, which takes no NUL. */
export function encodeLogRecord(record: LogRecord): Uint8Array {
  return encodeUtf8(formatLogRecord(record));
}

/** Index of the space behind the structured data that begins at `start`: the first outside of brackets; undefined without one. */
function endOfStructuredData(text: string, start: number): number | undefined {
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    const character = text[i];
    if (character === "[") depth++;
    else if (character === "]") depth--;
    else if (character === " " && depth === 0) return i;
  }
  return undefined;
}

/** The records of a message, one for each of its lines, logged now. */
export function encodeLogLines(
  level: LogLevel,
  message: string,
  rank: number,
  { appname = "fluxbus", procid = "-" }: LogNames,
): Uint8Array[] {
  const head = { level, timestamp: logTimestamp(), rank, appname, procid };
  return logLines(message).map((line) => encodeLogRecord({ ...head, message: line }));
}
