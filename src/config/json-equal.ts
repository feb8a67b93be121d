import { type JsonValue, Real } from "../json/index.ts";

/** True for equal JSON values: objects whatever their order, and no integer is equal to a real. Source: json_equal of jansson. */
export function jsonEqual(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  // Values may nest deeper than calls should.
  const pairs: [JsonValue | undefined, JsonValue | undefined][] = [[a, b]];
  for (let pair = pairs.pop(); pair !== undefined; pair = pairs.pop())
    if (!isSame(pair[0], pair[1], pairs)) return false;
  return true;
}

/** True when nothing but their members may tell two values apart; pairs of these are added to `pairs`. */
function isSame(
  a: JsonValue | undefined,
  b: JsonValue | undefined,
  pairs: [JsonValue | undefined, JsonValue | undefined][],
): boolean {
  if (isReal(a) || isReal(b)) return isReal(a) && isReal(b) && Number(a) === Number(b);
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [members, others] = [entriesOf(a), new Map(entriesOf(b))];
  if (members.length !== others.size) return false;
  for (const [key, value] of members) {
    if (!others.has(key)) return false;
    pairs.push([value, others.get(key)]);
  }
  return true;
}

/** A plain number is an integer while it is whole. */
function isReal(value: JsonValue | undefined): value is number | Real {
  return value instanceof Real || (typeof value === "number" && !Number.isSafeInteger(value));
}

/** Members that are `undefined` are not there. */
function entriesOf(value: object): [string, JsonValue][] {
  return Object.entries(value).filter(([, member]) => member !== undefined);
}
