import { FluxError } from "../base/index.ts";
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
  /** The file that gets all records that reach rank 0. */
  readonly filename: string | undefined;
  /** Asked for, and not to be had here. */
  readonly syslog: boolean;
}

const MAX_LEVEL = 7;
const INT_MAX = 2 ** 31 - 1;

/**
 * Reads the attributes of the log, and defines those that are missing with their defaults. Source: flux-broker-attributes(7), log.c in
 * flux-core, whose texts these are.
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
  const ringSize = settingOf(attributes, "log-ring-size", 1024, parseSize, "");
  const syslog = settingOf(attributes, "log-syslog-enable", 0, parseInteger, "getattr ");
  if (syslog !== 0 && syslog !== 1) {
    throw new FluxError("EINVAL", "log-syslog-enable: value must be 0 or 1");
  }
  const stderrMode = settingOf(attributes, "log-stderr-mode", "leader", parseStderrMode, "getattr ");
  return { ...settings, ringSize, syslog: syslog === 1, stderrMode };
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

function parseStderrMode(text: string): LogStderrMode | undefined {
  return text === "leader" || text === "local" ? text : undefined;
}
