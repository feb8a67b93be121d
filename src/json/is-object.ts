import { FluxError } from "../base/index.ts";
import type { JsonObject, JsonValue } from "./json-value.ts";
import { Real } from "./real.ts";

/** True for a JSON object: no array, no scalar, no real. */
export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Real);
}

/** The value, which has to be a JSON object. Throws EPROTO when it is none. */
export function objectOf(value: JsonValue | undefined): JsonObject {
  if (!isObject(value)) throw new FluxError("EPROTO");
  return value;
}
