import { isObject, type JsonObject, type JsonValue } from "../json/index.ts";

/** The member `key` of a table; undefined for what it only inherits. */
export function memberOf(table: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** A copy of `table` with `key` set; one that is there keeps its place. */
export function withMember(table: JsonObject, key: string, value: JsonValue): JsonObject {
  return Object.fromEntries(new Map<string, JsonValue | undefined>(Object.entries(table)).set(key, value));
}

/** `base` with `update` over it: tables are merged, of all else the update's counts. */
export function merge(base: JsonObject, update: JsonObject): JsonObject {
  const members = new Map(Object.entries(base));
  for (const [key, value] of Object.entries(update)) {
    const old = members.get(key);
    members.set(key, isObject(old) && isObject(value) ? merge(old, value) : value);
  }
  return Object.fromEntries(members);
}
