import { printable } from "../base/index.ts";
import {
  formatLogRecord,
  LOG_LEVELS,
  type LogHeader,
  type LogRecord,
  parseLogHeader,
} from "../client/index.ts";
import type { AttributeTable } from "./attribute-table.ts";
import { LOG_RECORD_BYTES, parseLogLevel } from "./log-settings.ts";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** How a record is printed: with its time for people and files, or for systemd, which has a clock, with its severity as it stands there. */
export type LogLineStyle = "dated" | "systemd";

/**
 * The line for a record: `Nov 22 02:01:56.655759 UTC 2026 logger.err[0]: text`, in local time, or `<3>logger.err[0]: text`.
 * Source: log.c in flux-core, sd-daemon(3).
 */
export function formatLogLine(header: LogHeader, message: string, style: LogLineStyle): string {
  const { severity, timestamp, appname, hostname } = header;
  const text = `${appname}.${LOG_LEVELS[severity] ?? "-"}[${hostname}]: ${message}`;
  return style === "systemd" ? `<${severity}>${text}` : `${localTime(timestamp)} ${text}`;
}

/**
 * The line for standard error of a record that comes before the log is there; undefined for one that `log-stderr-level` holds back. An
 * attribute without a value that makes sense holds nothing back.
 */
export function earlyLogLine(record: LogRecord, attributes: AttributeTable): string | undefined {
  const level = parseLogLevel(attributes.get("log-stderr-level") ?? "");
  const text = formatLogRecord(record);
  const header = parseLogHeader(text)!;
  if (level !== undefined && header.severity > level) return undefined;
  const style = attributes.get("log-stderr-mode") === "local" ? "systemd" : "dated";
  return printable(formatLogLine(header, record.message.slice(0, LOG_RECORD_BYTES), style));
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
