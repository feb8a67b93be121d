import { FluxError } from "../base/index.ts";
import { isObject } from "./is-object.ts";
import type { JsonArray, JsonObject, JsonValue } from "./json-value.ts";
import { decodeJson, parseJson } from "./parse.ts";
import { PlanCache } from "./plan-cache.ts";
import { Real } from "./real.ts";
import { compileUnpack, type UnpackNode } from "./unpack-plan.ts";
import type { CheckUnpackFormat, Unpacked, UnpackKeys } from "./unpack-types.ts";

const plans = new PlanCache(compileUnpack);

/**
 * Check a JSON value against a format and read parts of it: json_unpack(3) of jansson 2.14.
 *
 * | format | accepts | gives |
 * |---|---|---|
 * | `s` `s%` | a string | string |
 * | `i` | an integer | number: its low 32 bits, signed |
 * | `I` | an integer | number, or bigint where a number would lose |
 * | `b` | true or false | boolean |
 * | `f` | a real | number |
 * | `F` | a real or an integer | number |
 * | `o` `O` | anything | that value itself |
 * | `n` | null | nothing |
 * | `[...]` | an array with at least these elements | those of the elements |
 * | `{...}` | an object with at least these members, each `s` for a key and then a value | those of the values |
 *
 * `s?` for a key makes its member optional: absent, it gives undefined for every value inside. `!` before a closing
 * bracket refuses members or elements that were not read; `*` there allows them, which is the default. Space, tab,
 * newline, `,` and `:` are ignored. A format that is a literal is checked by the compiler, with its keys.
 *
 * In a plain value a whole number is an integer, yet `f` accepts it, since JavaScript keeps no `1.0` apart. Only
 * the text of a message tells: see unpackText.
 *
 * @param keys the keys of objects, in the order in which the format reads them
 * @returns the values in the order of the format: `const [id, host] = unpack(v, "{s:i s:s}", "id", "host")`
 * @throws FluxError EPROTO with jansson's text for a value that does not fit or a wrong format; EINVAL for an empty
 *   format and for too many or too few keys
 */
export function unpack<const F extends string>(
  value: JsonValue,
  fmt: CheckUnpackFormat<F>,
  ...keys: UnpackKeys<F>
): Unpacked<F> {
  return read(value, fmt as string, keys, false) as Unpacked<F>;
}

/**
 * Read parts of a JSON text, as flux_event_unpack(3), flux_request_unpack(3) and flux_rpc_get_unpack(3) do with a
 * payload: as unpack, and integers apart from reals as jansson has them, so that `i` refuses `1.0` and `f` refuses
 * `1`. A value read with `o` keeps a real such as `1.0` as a Real; `plain` turns it into ordinary numbers.
 *
 * @param text JSON text, or its UTF-8 bytes without the closing NUL
 * @throws FluxError EPROTO as parseJson, and as unpack
 */
export function unpackText<const F extends string>(
  text: string | Uint8Array,
  fmt: CheckUnpackFormat<F>,
  ...keys: UnpackKeys<F>
): Unpacked<F> {
  const value =
    typeof text === "string" ? parseJson(text, { reals: "keep" }) : decodeJson(text, { reals: "keep" });
  return read(value, fmt as string, keys, true) as Unpacked<F>;
}

function read(root: JsonValue, format: string, keys: readonly string[], exact: boolean): unknown[] {
  const plan = plans.get(format);
  if (root === undefined) throw new FluxError("EPROTO", "NULL root value");
  if (keys.length !== plan.keys) {
    throw new FluxError("EINVAL", `format takes ${plan.keys} keys, got ${keys.length}`);
  }
  const reader = new Reader(keys, exact);
  reader.read(plan.root, root);
  return reader.values;
}

/** Reads one value, taking keys from the left. */
class Reader {
  readonly values: unknown[] = [];
  readonly #keys: readonly string[];
  /** A whole number is an integer for certain. */
  readonly #exact: boolean;
  #next = 0;

  constructor(keys: readonly string[], exact: boolean) {
    this.#keys = keys;
    this.#exact = exact;
  }

  read(node: UnpackNode, value: JsonValue): void {
    switch (node.kind) {
      case "object":
        if (!isObject(value)) throw mismatch("object", value);
        this.#object(node, value);
        return;
      case "array":
        if (!Array.isArray(value)) throw mismatch("array", value);
        this.#array(node, value);
        return;
      case "string":
        if (typeof value !== "string") throw mismatch("string", value);
        break;
      case "int":
        if (!isInteger(value)) throw mismatch("integer", value);
        this.values.push(typeof value === "bigint" ? Number(BigInt.asIntN(32, value)) : value | 0);
        return;
      case "int64":
        if (!isInteger(value)) throw mismatch("integer", value);
        this.values.push(value === 0 ? 0 : value);
        return;
      case "boolean":
        if (typeof value !== "boolean") throw mismatch("true or false", value);
        break;
      case "real":
        if (!isNumber(value) || typeof value === "bigint" || (this.#exact && isInteger(value))) {
          throw mismatch("real", value);
        }
        this.values.push(Number(value));
        return;
      case "number":
        if (!isNumber(value)) throw mismatch("real or integer", value);
        this.values.push(Number(value));
        return;
      case "null":
        if (value !== null) throw mismatch("null", value);
        return;
    }
    this.values.push(value);
  }

  #object(node: UnpackNode & { kind: "object" }, object: JsonObject): void {
    const seen = node.strict ? new Set<string>() : undefined;
    for (const member of node.members) {
      const key = this.#keys[this.#next++];
      if (typeof key !== "string") throw new FluxError("EPROTO", "NULL object key");
      const value = Object.hasOwn(object, key) ? object[key] : undefined;
      seen?.add(key);
      if (value !== undefined) this.read(member.value, value);
      else if (member.optional) {
        this.#next += member.keys;
        for (let count = member.values; count > 0; count--) this.values.push(undefined);
      } else throw new FluxError("EPROTO", cut(`Object item not found: ${key}`));
    }
    if (seen !== undefined) refuseOthers(object, seen);
  }

  #array(node: UnpackNode & { kind: "array" }, array: JsonArray): void {
    for (let index = 0; index < node.items.length; index++) {
      const value = array[index];
      if (value === undefined) throw new FluxError("EPROTO", `Array index ${index} out of range`);
      this.read(node.items[index]!, value);
    }
    if (node.strict && array.length !== node.items.length) {
      throw new FluxError("EPROTO", `${array.length - node.items.length} array item(s) left unpacked`);
    }
  }
}

function refuseOthers(object: JsonObject, seen: ReadonlySet<string>): void {
  const left = Object.keys(object).filter((key) => object[key] !== undefined && !seen.has(key));
  if (left.length > 0) {
    throw new FluxError("EPROTO", cut(`${left.length} object item(s) left unpacked: ${left.join(", ")}`));
  }
}

function mismatch(expected: string, value: JsonValue): FluxError {
  return new FluxError("EPROTO", `Expected ${expected}, got ${typeName(value)}`);
}

/** How many characters jansson keeps of an error text. */
const TEXT_LENGTH = 158;

function cut(text: string): string {
  return text.length > TEXT_LENGTH ? text.slice(0, TEXT_LENGTH) : text;
}

function isInteger(value: JsonValue): value is number | bigint {
  return typeof value === "bigint" || (typeof value === "number" && Number.isSafeInteger(value));
}

function isNumber(value: JsonValue): value is number | bigint | Real {
  return typeof value === "number" || typeof value === "bigint" || value instanceof Real;
}

/** jansson's name for the type of `value`. */
function typeName(value: JsonValue): string {
  if (value === null) return "null";
  if (typeof value === "boolean") return value ? "true" : "false";
  if (typeof value === "string") return "string";
  if (isNumber(value)) return isInteger(value) ? "integer" : "real";
  return Array.isArray(value) ? "array" : "object";
}
