import type { JsonValue } from "./json-value.ts";
import { define } from "./parser.ts";
import { Real } from "./real.ts";

/** A JSON value without {@link Real}s. */
export type PlainJson =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly PlainJson[]
  | { readonly [key: string]: PlainJson | undefined };

/** A copy of `value` in which every Real is an ordinary number: what parseJson gives by default. */
export function plain(value: JsonValue): PlainJson {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Real) return value.value;
  if (Array.isArray(value)) return value.map(plain);
  const object: Record<string, PlainJson> = {};
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue;
    if (key === "__proto__") define(object as Record<string, JsonValue>, key, plain(member));
    else object[key] = plain(member);
  }
  return object;
}
