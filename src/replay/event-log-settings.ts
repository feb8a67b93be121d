import { resolve } from "node:path";
import { FluxError, parseDuration, parseSize } from "../base/index.ts";
import type { DiskLimits, RingLimits } from "../event-log/index.ts";
import { isObject, type JsonObject, type JsonValue, Real } from "../json/index.ts";

/** Where settings are looked up by name: attributes, or the arguments of a module. */
export interface NamedSettings {
  get(name: string): string | undefined;
}

/** Which events a rank keeps, and where. What is undefined in the limits is left to their defaults. */
export interface EventLogSettings {
  /** Limits of the events in memory; null when none are kept. */
  readonly ring: Partial<RingLimits> | null;
  /** Folder of the events on disk, for rank 0; undefined when there is none. */
  readonly path: string | undefined;
  readonly disk: Partial<DiskLimits>;
  /** Whether an event is confirmed only once it is on the disk. */
  readonly sync: boolean;
}

const TABLE = "event-log";

/** What the values may be, as the errors say it. */
const SIZE = "a whole number from 1 on, with K, M or G behind it for powers of 1024";
const SIZE_OR_NONE = `0 for no events at all, or ${SIZE}`;
const AGE = "a duration above 0, such as 90s, 15m, 12h or 7d, or inf";
const SWITCH = "true or false";
const FOLDER = "the path of a folder, or nothing for none";

const SWITCHES: Readonly<Record<string, boolean>> = { true: true, "1": true, false: false, "0": false };

/**
 * Reads which events are kept: the attributes `event-log.*`, and the table `[event-log]` for what they do not say. Neither is changed.
 * @throws FluxError EINVAL, its text with what is allowed, for a value that is none and for a key of the table that nobody knows.
 */
export function readEventLogSettings(attributes: NamedSettings, config: JsonObject): EventLogSettings {
  const table = tableOf(config);
  const known = new Set<string>();
  const read = <T>(key: string, allowed: string, parse: (text: string) => T | undefined): T | undefined => {
    known.add(key);
    const attribute = attributes.get(`${TABLE}.${key}`);
    if (attribute !== undefined)
      return parsed(attribute, parse, `${TABLE}.${key}: '${attribute}' is not ${allowed}`);
    const value = Object.hasOwn(table, key) ? table[key] : undefined;
    if (value === undefined) return undefined;
    const text = textOf(value) ?? JSON.stringify(value);
    return parsed(text, parse, `Config file error [${TABLE}]: ${key}: '${text}' is not ${allowed}`);
  };
  const path = read("path", FOLDER, (text) => (text.includes("\0") ? undefined : text));
  const sync = read("sync", SWITCH, (text) => SWITCHES[text]) ?? false;
  const ringEvents = read("ring-events", SIZE_OR_NONE, (text) => sizeOf(text, 0));
  const ring = limitsOf(ringEvents, read("ring-bytes", SIZE, sizeOf), read("ring-age", AGE, ageOf));
  const diskEvents = read("disk-events", SIZE, sizeOf);
  const disk = limitsOf(diskEvents, read("disk-bytes", SIZE, sizeOf), read("disk-age", AGE, ageOf));
  const stranger = Object.keys(table).find((key) => !known.has(key));
  if (stranger !== undefined) {
    const names = [...known].sort().join(", ");
    throw refuse(`Config file error [${TABLE}]: unknown key '${stranger}': there are ${names}`);
  }
  const isKept = path !== undefined && path !== "";
  if (sync && !isKept) throw refuse(`${TABLE}.sync needs ${TABLE}.path, the folder that events are kept in`);
  if (isKept && ringEvents === 0) throw refuse(`${TABLE}.path needs ${TABLE}.ring-events above 0`);
  return { ring: ringEvents === 0 ? null : ring, path: isKept ? resolve(path) : undefined, disk, sync };
}

function tableOf(config: JsonObject): JsonObject {
  const table = Object.hasOwn(config, TABLE) ? config[TABLE] : undefined;
  if (table === undefined) return {};
  if (!isObject(table)) throw refuse(`Config file error [${TABLE}]: must be a table`);
  return table;
}

/** A value of the table as the text of an attribute; undefined for one that is none. */
function textOf(value: JsonValue): string | undefined {
  const isScalar = value !== null && (typeof value !== "object" || value instanceof Real);
  return isScalar ? String(value) : undefined;
}

function parsed<T>(text: string, parse: (text: string) => T | undefined, complaint: string): T {
  const value = parse(text);
  if (value === undefined) throw refuse(complaint);
  return value;
}

function sizeOf(text: string, least = 1): number | undefined {
  try {
    const size = parseSize(text);
    return size >= least && Number.isSafeInteger(size) ? size : undefined;
  } catch (error) {
    if (FluxError.is(error)) return undefined;
    throw error;
  }
}

function ageOf(text: string): number | undefined {
  const ms = parseDuration(text);
  return ms !== undefined && ms > 0 ? ms : undefined;
}

/** The limits that were given. */
function limitsOf(
  events: number | undefined,
  bytes: number | undefined,
  ageMs: number | undefined,
): Partial<RingLimits> {
  return {
    ...(events !== undefined && { events }),
    ...(bytes !== undefined && { bytes }),
    ...(ageMs !== undefined && { ageMs }),
  };
}

function refuse(text: string): FluxError {
  return new FluxError("EINVAL", text);
}
