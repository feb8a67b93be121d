import { parse, TomlDate, TomlError, type TomlValue } from "smol-toml";
import { FluxError } from "../base/index.ts";
import { type JsonObject, type JsonValue, real } from "../json/index.ts";

/** Makes the text of an error from the line it is in, where that is known, and what is wrong. */
export type Locate = (line: number | undefined, text: string) => string;

/** What one integer may be: those of C peers have 64 bits. */
const INT64_BITS = 64;

/**
 * Reads TOML text as a JSON object, as flux-core does: integers of 64 bits stay exact, reals stay reals, and a date with a time becomes
 * `{"iso-8601-ts": "YYYY-MM-DDTHH:MM:SSZ"}`. Of a date only the fields as written count: no fraction, no offset.
 *
 * @throws FluxError EINVAL, its text made by `locate`: for what is no TOML, and for values a configuration can't hold: infinities and
 *   NaN, dates without time, times without date and dates before 1970, larger integers, text with a NUL.
 */
export function parseToml(text: string, locate: Locate): JsonObject {
  try {
    return tableToJson(parse(text, { integersAsBigInt: true }), "");
  } catch (error) {
    if (FluxError.is(error)) throw new FluxError("EINVAL", locate(undefined, error.message));
    if (!(error instanceof TomlError)) throw error;
    const reason = error.message.split("\n", 1)[0]!.replace(/^Invalid TOML document: /, "");
    throw new FluxError("EINVAL", locate(error.line, reason), { cause: error });
  }
}

function tableToJson(table: object, path: string): JsonObject {
  const prefix = path === "" ? "" : `${path}.`;
  // A member named __proto__ stays an ordinary member this way.
  return Object.fromEntries(
    Object.entries(table).map(([key, value]) => {
      if (key.includes("\0")) throw new FluxError("EINVAL", `${path || "the top table"} has a NUL in a key`);
      return [key, valueToJson(value as TomlValue, prefix + key)];
    }),
  );
}

function valueToJson(value: TomlValue, path: string): JsonValue {
  switch (typeof value) {
    case "boolean":
      return value;
    case "bigint":
      return integerToJson(value, path);
    case "number":
      if (!Number.isFinite(value)) throw new FluxError("EINVAL", `${path} is ${value}, which JSON has not`);
      return Number.isSafeInteger(value) ? real(value) : value;
    case "string":
      if (value.includes("\0")) throw new FluxError("EINVAL", `${path} has a NUL`);
      return value;
    default:
      if (value instanceof TomlDate) return dateToJson(value, path);
      if (Array.isArray(value)) return value.map((item, index) => valueToJson(item, `${path}[${index}]`));
      return tableToJson(value, path);
  }
}

function integerToJson(value: bigint, path: string): JsonValue {
  if (BigInt.asIntN(INT64_BITS, value) !== value)
    throw new FluxError("EINVAL", `${path} does not fit into ${INT64_BITS} bits`);
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function dateToJson(date: TomlDate, path: string): JsonObject {
  const text = date.toISOString();
  if (!date.isDateTime() || text < "1970")
    throw new FluxError("EINVAL", `${path} is no date with time from 1970 on`);
  return { "iso-8601-ts": `${text.slice(0, "YYYY-MM-DDTHH:MM:SS".length)}Z` };
}
