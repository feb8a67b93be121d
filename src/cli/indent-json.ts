import { isObject, type JsonValue, stringifyJson } from "../json/index.ts";

/** JSON over several lines, each level indented by `step` blanks; reals and large integers as they came. */
export function indentJson(value: JsonValue, step: number, indent = ""): string {
  const inner = indent + " ".repeat(step);
  const below = (item: JsonValue | undefined): string => indentJson(item ?? null, step, inner);
  const lines = (open: string, members: readonly string[], close: string): string =>
    members.length === 0
      ? `${open}${close}`
      : `${open}\n${inner}${members.join(`,\n${inner}`)}\n${indent}${close}`;
  if (Array.isArray(value)) return lines("[", value.map(below), "]");
  if (!isObject(value)) return stringifyJson(value, { any: true });
  const members = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${below(item)}`);
  return lines("{", members, "}");
}
