import { FluxError } from "../base/index.ts";
import { isObject } from "./is-object.ts";
import { INT64_MAX, INT64_MIN, type JsonValue } from "./json-value.ts";
import { compilePack, type PackNode, type Pieces } from "./pack-plan.ts";
import type { CheckPackFormat, PackArgs } from "./pack-types.ts";
import { define } from "./parser.ts";
import { PlanCache } from "./plan-cache.ts";
import { Real } from "./real.ts";
import { stringifyJson } from "./stringify.ts";
import { decodeUtf8, encodeUtf8, isWellFormed } from "./utf8.ts";

const plans = new PlanCache(compilePack);

/**
 * Build a JSON value from a format and its arguments: json_pack(3) of jansson 2.14.
 *
 * | format | argument | gives |
 * |---|---|---|
 * | `s` | string | a string |
 * | `s?` `s*` | string, or null or undefined for none | a string; for none `null`, or nothing at all |
 * | `s#` `s%` | string or UTF-8 bytes, then how many bytes of it to take | a string |
 * | `s+s`, written `s+`, `s++`, `s#+%` | one more string for each `+`, each with its own `#` or `%` | all of them joined |
 * | `n` | - | `null` |
 * | `b` | boolean | `true` or `false` |
 * | `i` | number, a whole one of 32 bits signed | an integer |
 * | `I` | safe whole number, or bigint of 64 bits signed | an integer |
 * | `f` | finite number | a real |
 * | `o` `O` | any JSON value | that value itself, not a copy |
 * | `o?` `o*` `O?` `O*` | any JSON value, or undefined for none | the value; for none `null`, or nothing at all |
 * | `[...]` | those of the values inside | an array |
 * | `{...}` | for each member a key, as for `s` `s#` `s%` `+`, and those of its value | an object |
 *
 * Space, tab, newline, `,` and `:` between are ignored. JSON's own null is a value to `o`, `o?` and `o*`; only
 * undefined is C's NULL. Of equal keys the last value wins. A format that is a literal is checked by the compiler,
 * with its arguments.
 *
 * @returns the value, ready for stringifyJson
 * @throws FluxError EINVAL with jansson's text for a wrong format, else for the first wrong argument; and when there
 *   are too many or too few arguments
 */
export function pack<const F extends string>(fmt: CheckPackFormat<F>, ...args: PackArgs<F>): JsonValue {
  const plan = plans.get(fmt as string);
  if (args.length !== plan.count) {
    throw new FluxError("EINVAL", `format takes ${plan.count} arguments, got ${args.length}`);
  }
  const value = new Packer(args).build(plan.root);
  // jansson too has no text for a whole value that was omitted.
  if (value === undefined) throw new FluxError("EINVAL");
  return value;
}

/**
 * Build the JSON text of a message payload, as flux_event_publish_pack(3), flux_rpc_pack(3) and
 * flux_respond_pack(3) do: pack, then compact text. Payloads are objects.
 *
 * @throws FluxError EINVAL as pack and stringifyJson, and when the value is not an object
 */
export function packText<const F extends string>(fmt: CheckPackFormat<F>, ...args: PackArgs<F>): string {
  const value = pack(fmt as string, ...(args as unknown[]));
  if (!isObject(value)) throw new FluxError("EINVAL", "payload is not a JSON object");
  return stringifyJson(value);
}

/** Builds one value, taking arguments from the left. */
class Packer {
  readonly #args: readonly unknown[];
  #next = 0;

  constructor(args: readonly unknown[]) {
    this.#args = args;
  }

  /** The value of `node`; undefined when it is to be left out. */
  build(node: PackNode): JsonValue | undefined {
    switch (node.kind) {
      case "object": {
        const object: Record<string, JsonValue> = {};
        for (const member of node.members) {
          const key = this.#text(member.key, "object key");
          const value = this.build(member.value);
          if (value === undefined) continue;
          if (key === "__proto__") define(object, key, value);
          else object[key] = value;
        }
        return object;
      }
      case "array": {
        const array: JsonValue[] = [];
        for (const item of node.items) {
          const value = this.build(item);
          if (value !== undefined) array.push(value);
        }
        return array;
      }
      case "string": {
        if (node.whenAbsent !== "error" && (this.#args[this.#next] ?? undefined) === undefined) {
          this.#next++;
          return node.whenAbsent === "null" ? null : undefined;
        }
        return this.#text(node.pieces, "string");
      }
      case "value": {
        const value = this.#args[this.#next++];
        if (value !== undefined) return value as JsonValue;
        if (node.whenAbsent === "error") throw new FluxError("EINVAL", "NULL object");
        return node.whenAbsent === "null" ? null : undefined;
      }
      case "null":
        return null;
      case "boolean": {
        const value = this.#args[this.#next++];
        return typeof value === "boolean" ? value : this.#refuse("b", "a boolean");
      }
      case "int": {
        const value = this.#args[this.#next++];
        // | 0 leaves only whole numbers of 32 bits as they are, and makes -0 the integer 0.
        return typeof value === "number" && (value | 0) === value
          ? value | 0
          : this.#refuse("i", "a whole number of 32 bits");
      }
      case "int64":
        return this.#int64();
      case "real": {
        const value = this.#args[this.#next++];
        if (typeof value !== "number") return this.#refuse("f", "a number");
        return Number.isSafeInteger(value) || !Number.isFinite(value) ? new Real(value) : value;
      }
    }
  }

  #int64(): JsonValue {
    const value = this.#args[this.#next++];
    if (typeof value === "number" && Number.isSafeInteger(value)) return value + 0;
    if (typeof value !== "bigint" || value < INT64_MIN || value > INT64_MAX) {
      return this.#refuse("I", "a safe whole number or a bigint of 64 bits");
    }
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }

  #text(pieces: Pieces, purpose: "string" | "object key"): string {
    let bytes: Uint8Array[] | undefined;
    let text = "";
    for (const counted of pieces) {
      const piece = this.#args[this.#next++];
      if (piece === undefined || piece === null) throw new FluxError("EINVAL", `NULL ${purpose}`);
      if (counted) {
        // Lengths count bytes, and a character may lie across two pieces: join bytes from here on.
        bytes ??= [encodePiece(text, purpose)];
        bytes.push(this.#counted(piece, purpose));
      } else if (typeof piece !== "string") this.#refuse("s", "a string");
      else if (bytes !== undefined) bytes.push(encodePiece(piece, purpose));
      else text += piece;
    }
    if (bytes !== undefined) return decode(bytes, purpose);
    if (!isWellFormed(text)) throw new FluxError("EINVAL", `Invalid UTF-8 ${purpose}`);
    return text;
  }

  #counted(piece: unknown, purpose: "string" | "object key"): Uint8Array {
    if (typeof piece !== "string" && !(piece instanceof Uint8Array)) {
      return this.#refuse("s#", "a string or bytes");
    }
    const bytes = typeof piece === "string" ? encodePiece(piece, purpose) : piece;
    const length = this.#args[this.#next++];
    if (typeof length !== "number" || !Number.isInteger(length))
      return this.#refuse("#", "a length in bytes");
    if (length < 0 || length > bytes.byteLength) {
      throw new FluxError("EINVAL", `Invalid length for ${purpose}: ${length}`);
    }
    return bytes.subarray(0, length);
  }

  /** The argument just taken is of the wrong type: only untyped callers get here. */
  #refuse(spec: string, expected: string): never {
    const value = this.#args[this.#next - 1];
    const got = value === null || typeof value !== "object" ? String(value) : "an object";
    throw new FluxError("EINVAL", `argument ${this.#next} is ${got}: '${spec}' takes ${expected}`);
  }
}

function encodePiece(text: string, purpose: string): Uint8Array {
  if (!isWellFormed(text)) throw new FluxError("EINVAL", `Invalid UTF-8 ${purpose}`);
  return encodeUtf8(text);
}

function decode(pieces: readonly Uint8Array[], purpose: string): string {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.byteLength, 0));
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.byteLength;
  }
  try {
    return decodeUtf8(whole);
  } catch {
    throw new FluxError("EINVAL", `Invalid UTF-8 ${purpose}`);
  }
}
