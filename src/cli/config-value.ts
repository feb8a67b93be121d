import { FluxError, parseDuration } from "../base/index.ts";
import { type JsonObject, type JsonValue, parseJson, Real, real } from "../json/index.ts";
import type { ConfigType } from "./config-type.ts";
import { usageError } from "./failure.ts";

/** The JSON type of a value. */
export function typeOf(value: JsonValue): ConfigType | "null" {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (value instanceof Real) return "real";
  switch (typeof value) {
    case "number":
      return Number.isSafeInteger(value) ? "integer" : "real";
    case "bigint":
      return "integer";
    case "object":
      return "object";
    default:
      return typeof value === "string" ? "string" : "boolean";
  }
}

/** What to show of a value that is asked for as `type`: the value, or the seconds of a duration; undefined when it is no such value. */
export function asType(value: JsonValue, type: ConfigType): JsonValue | undefined {
  if (!type.startsWith("fsd")) return type === "any" || typeOf(value) === type ? value : undefined;
  const ms = typeof value === "string" ? parseDuration(value) : undefined;
  if (ms === undefined) return undefined;
  if (type === "fsd") return value;
  // Not to be had as a number of C's: as for a value of another type.
  if (!Number.isFinite(ms)) return undefined;
  return type === "fsd-integer" ? Math.trunc(ms / 1000) : real(ms / 1000);
}

/**
 * The value that the word `text` is as `type`. Throws a usage error for a word that is none.
 * Text in double quotes is read as JSON, integers also as 0x and 0 with octal digits, booleans as true, false, 1 and 0.
 */
export function parseAs(text: string, type: ConfigType): JsonValue {
  const value = read(text, type);
  if (value === undefined) throw usageError(`${JSON.stringify(text)} is no value of type ${type}`);
  return value;
}

function read(text: string, type: ConfigType): JsonValue | undefined {
  switch (type) {
    case "boolean":
      return new Map([
        ["true", true],
        ["1", true],
        ["false", false],
        ["0", false],
      ] as const).get(text as "1");
    case "integer":
      return readInteger(text);
    case "real": {
      const number = /^\s*[-+]?(\d|\.\d)/.test(text) ? Number(text) : Number.NaN;
      return Number.isFinite(number) ? real(number) : undefined;
    }
    case "fsd":
      return parseDuration(text) === undefined ? undefined : text;
    case "string":
      return text.startsWith('"') ? asType(readJson(text) ?? null, "string") : text;
    case "any":
      return readJson(text) ?? text;
    default:
      return asType(readJson(text) ?? null, type);
  }
}

function readInteger(text: string): JsonValue | undefined {
  const match = /^([-+]?)(0x[0-9a-f]+|\d+)$/i.exec(text);
  if (match === null) return undefined;
  const digits = match[2]!;
  const isOctal = /^0[0-7]+$/.test(digits);
  if (!isOctal && /^0\d/.test(digits)) return undefined;
  const size = BigInt(isOctal ? `0o${digits}` : digits);
  const value = match[1] === "-" ? -size : size;
  if (BigInt.asIntN(64, value) !== value) return undefined;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function readJson(text: string): JsonValue | undefined {
  try {
    return parseJson(text, { any: true, reals: "keep" });
  } catch (error) {
    if (FluxError.is(error)) return undefined;
    throw error;
  }
}

/** The text of `config.get` as an object, its reals kept. */
export function configOf(text: string | undefined): JsonObject {
  return parseJson(text ?? "", { reals: "keep" }) as JsonObject;
}
