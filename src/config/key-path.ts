import { FluxError } from "../base/index.ts";
import { isObject, type JsonObject, type JsonValue } from "../json/index.ts";
import { memberOf, withMember } from "./merge.ts";

/** The parts of a path such as `access.roles.admin`. Throws EINVAL when one is empty. */
function partsOf(path: string): string[] {
  const parts = path.split(".");
  if (parts.includes("")) throw new FluxError("EINVAL");
  return parts;
}

/** The value at a dotted path; undefined when it is not set. Throws EINVAL for a path with an empty part. */
export function getPath(config: JsonObject, path: string): JsonValue | undefined {
  let value: JsonValue | undefined = config;
  for (const part of partsOf(path)) value = isObject(value) ? memberOf(value, part) : undefined;
  return value;
}

/**
 * A copy of `config` with a value at a dotted path, and the tables on the way to it.
 * @throws FluxError EINVAL for a path with an empty part, and when something other than a table is in the way.
 */
export function setPath(config: JsonObject, path: string, value: JsonValue): JsonObject {
  const parts = partsOf(path);
  const set = (table: JsonObject, depth: number): JsonObject => {
    const part = parts[depth]!;
    if (depth === parts.length - 1) return withMember(table, part, value);
    const next = memberOf(table, part) ?? {};
    if (!isObject(next)) throw new FluxError("EINVAL", `${parts.slice(0, depth + 1).join(".")} is no table`);
    return withMember(table, part, set(next, depth + 1));
  };
  return set(config, 0);
}

/** A copy of `config` without the value at a dotted path, if there is one. Throws EINVAL for a path with an empty part. */
export function removePath(config: JsonObject, path: string): JsonObject {
  const parts = partsOf(path);
  const remove = (table: JsonObject, depth: number): JsonObject => {
    const part = parts[depth]!;
    if (depth === parts.length - 1)
      return Object.fromEntries(Object.entries(table).filter(([key]) => key !== part));
    const next = memberOf(table, part);
    return isObject(next) ? withMember(table, part, remove(next, depth + 1)) : table;
  };
  return remove(config, 0);
}
