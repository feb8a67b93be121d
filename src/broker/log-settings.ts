import { FluxError, parseSize as parseByteSize } from "../base/index.ts";
import type { AttributeTable } from "./attribute-table.ts";

/** Where the lines for standard error are written: all of the instance by its leader, or each broker's own by itself. */
export type LogStderrMode = "leader" | "local";

/** What the attributes `log-*` say. Levels are severities, 0 to 7: as severe or more; a negative one is none. */
export interface LogSettings {
  /** Kept in the ring. */
  readonly level: number;
  /** Printed on standard error, of all ranks or of the own one by `stderrMode`. */
  readonly stderrLevel: number;
  /** Sent towards rank 0. */
  readonly forwardLevel: number;
  /** Printed on standard error by the broker they come from, whatever the other levels. */
  readonly criticalLevel: number;
  readonly stderrMode: LogStderrMode;
  /** Records the ring holds; 0 keeps none and feeds no followers. */
  readonly ringSize: number;
  /** Bytes of records the ring holds at most; the latest record is kept in any case. */
  readonly ringBytes: number;
  /** Longest record, in bytes: more is cut. */
  readonly recordBytes: number;
  /** The file that gets all records that reach rank 0. */
  readonly filename: string | undefined;
  /** Asked for, and not to be had here. */
  readonly syslog: boolean;
}

const MAX_LEVEL = 7;
const INT_MAX = 2 ** 31 - 1;
/** Shortest and longest limit of a record, in bytes: what stands before the message always fits. */
const RECORD_BYTES_MIN = 1024;
const RECORD_BYTES_MAX = 1024 * 1024;

/** Defaults of `log-ring-size`, `log-ring-bytes`, 8 MiB, and `log-record-bytes`, 128 KiB. */
export const LOG_RING_SIZE = 1024;
export const LOG_RING_BYTES = 8 * 1024 * 1024;
export const LOG_RECORD_BYTES = 128 * 1024;

/**
 * Reads the attributes of the log, and defines those that are missing with their defaults. Source: flux-broker-attributes(7), log.c in
 * flux-core, whose texts these are. `log-ring-bytes` (default 8 MiB) and `log-record-bytes` (1 KiB to 1 MiB, default 128 KiB) are not
 * flux-core's.
 * @throws FluxError EINVAL, its text with the name, for a value that is none
 */
export function readLogSettings(attributes: AttributeTable, rank: number): LogSettings {
  // The file is rank 0's: others forward what is severe enough.
  if (rank > 0) attributes.define("log-filename", undefined);
  const level = (name: string, byDefault: number): number =>
    settingOf(attributes, name, byDefault, parseLogLevel, "");
  const settings = {
    filename: attributes.get("log-filename"),
    level: level("log-level", 7),
    stderrLevel: level("log-stderr-level", 3),
    forwardLevel: level("log-forward-level", 3),
    criticalLevel: level("log-critical-level", 2),
  };
  level("log-syslog-level", 3);
  const ringSize = settingOf(attributes, "log-ring-size", LOG_RING_SIZE, parseSize, "");
  const ringBytes = settingOf(attributes, "log-ring-bytes", LOG_RING_BYTES, parseBytes, "");
  const recordBytes = settingOf(attributes, "log-record-bytes", LOG_RECORD_BYTES, parseRecordBytes, "");
  const syslog = settingOf(attributes, "log-syslog-enable", 0, parseInteger, "getattr ");
  if (syslog !== 0 && syslog !== 1) {
    throw new FluxError("EINVAL", "log-syslog-enable: value must be 0 or 1");
  }
  const stderrMode = settingOf(attributes, "log-stderr-mode", "leader", parseStderrMode, "getattr ");
  return { ...settings, ringSize, ringBytes, recordBytes, syslog: syslog === 1, stderrMode };
}

/** Reads a level; undefined for what is none, or more than 7. */
export function parseLogLevel(text: string): number | undefined {
  const level = parseInteger(text);
  return level === undefined || level > MAX_LEVEL ? undefined : level;
}

function settingOf<T extends string | number>(
  attributes: AttributeTable,
  name: string,
  byDefault: T,
  parse: (text: string) => T | undefined,
  before: string,
): T {
  attributes.defineDefault(name, String(byDefault));
  const text = attributes.get(name);
  const value = text === undefined ? undefined : parse(text);
  if (value === undefined) throw new FluxError("EINVAL", `${before}${name}: Invalid argument`);
  return value;
}

function parseInteger(text: string): number | undefined {
  if (!/^\s*[+-]?\d+$/.test(text)) return undefined;
  const value = Number(text);
  return Math.abs(value) > INT_MAX ? undefined : value;
}

function parseSize(text: string): number | undefined {
  const value = Number(text);
  return /^\s*\+?\d+$/.test(text) && Number.isSafeInteger(value) ? value : undefined;
}

/** Reads bytes as the attributes `event-log.*-bytes` do: `8388608`, `64K` or `8M`. */
function parseBytes(text: string): number | undefined {
  try {
    const bytes = parseByteSize(text);
    return Number.isSafeInteger(bytes) ? bytes : undefined;
  } catch {
    return undefined;
  }
}

function parseRecordBytes(text: string): number | undefined {
  const bytes = parseBytes(text);
  return bytes === undefined || bytes < RECORD_BYTES_MIN || bytes > RECORD_BYTES_MAX ? undefined : bytes;
}

function parseStderrMode(text: string): LogStderrMode | undefined {
  return text === "leader" || text === "local" ? text : undefined;
}
