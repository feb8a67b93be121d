import { FluxError } from "../base/index.ts";
import { FormatScanner } from "./format-scanner.ts";
import { MAX_DEPTH } from "./json-value.ts";

/** What to check and read, in the order in which it takes keys and gives values. */
export type UnpackNode =
  | {
      readonly kind: "object";
      readonly members: readonly UnpackMember[];
      /** `!`: every member must have been read. */
      readonly strict: boolean;
    }
  | { readonly kind: "array"; readonly items: readonly UnpackNode[]; readonly strict: boolean }
  | { readonly kind: "string" | "int" | "int64" | "boolean" | "real" | "number" | "value" | "null" };

export interface UnpackMember {
  readonly optional: boolean;
  readonly value: UnpackNode;
  /** Keys that `value` takes and values that it gives: what to pass over when the member is absent. */
  readonly keys: number;
  readonly values: number;
}

/** An unpack format, compiled. */
export interface UnpackPlan {
  readonly root: UnpackNode;
  /** How many keys the format takes. */
  readonly keys: number;
}

/**
 * Compile an unpack format (json_unpack(3), jansson src/pack_unpack.c).
 * @throws FluxError EPROTO with jansson's text; where that would end in a NUL character, the end of the format is
 *   named; EINVAL for an empty format, as the functions of flux-core
 */
export function compileUnpack(format: string): UnpackPlan {
  if (typeof format !== "string" || format === "") {
    throw new FluxError("EINVAL", "NULL or empty format string");
  }
  const compiler = new UnpackCompiler(format);
  return compiler.compile();
}

const LEAVES: Readonly<Record<string, UnpackNode>> = {
  s: { kind: "string" },
  i: { kind: "int" },
  I: { kind: "int64" },
  b: { kind: "boolean" },
  f: { kind: "real" },
  F: { kind: "number" },
  o: { kind: "value" },
  O: { kind: "value" },
  n: { kind: "null" },
};

class UnpackCompiler {
  readonly #scanner: FormatScanner;
  #keys = 0;
  #values = 0;
  #depth = 0;

  constructor(format: string) {
    this.#scanner = new FormatScanner(format);
  }

  compile(): UnpackPlan {
    const root = this.#value();
    if (this.#scanner.take() !== "") throw wrong("Garbage after format string");
    return { root, keys: this.#keys };
  }

  #value(): UnpackNode {
    const scanner = this.#scanner;
    const token = scanner.take();
    if (token === "{") return this.#object();
    if (token === "[") return this.#array();
    if (token === "") throw wrong("Unexpected end of format string");
    const leaf = Object.hasOwn(LEAVES, token) ? LEAVES[token] : undefined;
    if (leaf === undefined) throw wrong(`Unexpected format character '${token}'`);
    if (leaf.kind === "string") scanner.accept("%");
    if (leaf.kind !== "null") this.#values++;
    return leaf;
  }

  #object(): UnpackNode {
    const scanner = this.#scanner;
    const members: UnpackMember[] = [];
    let strict = false;
    this.#enter();
    for (let token = scanner.take(); token !== "}"; token = scanner.take()) {
      if (token === "") throw wrong("Unexpected end of format string");
      if (token === "!" || token === "*") {
        strict = token === "!";
        this.#closes(token, "}");
        continue;
      }
      if (token !== "s") throw wrong(`Expected format 's', got '${token}'`);
      members.push(this.#member());
    }
    this.#depth--;
    return { kind: "object", members, strict };
  }

  #member(): UnpackMember {
    const optional = this.#scanner.accept("?");
    const keys = ++this.#keys;
    const values = this.#values;
    const value = this.#value();
    return { optional, value, keys: this.#keys - keys, values: this.#values - values };
  }

  #array(): UnpackNode {
    const scanner = this.#scanner;
    const items: UnpackNode[] = [];
    let strict = false;
    this.#enter();
    while (!scanner.accept("]")) {
      const token = scanner.peek();
      if (token === "!" || token === "*") {
        scanner.take();
        strict = token === "!";
        this.#closes(token, "]");
      } else items.push(this.#value());
    }
    this.#depth--;
    return { kind: "array", items, strict };
  }

  /** Past `!` or `*`: nothing but the closing bracket may follow. */
  #closes(mark: string, bracket: string): void {
    const token = this.#scanner.peek();
    if (token === "") throw wrong("Unexpected end of format string");
    if (token !== bracket) throw wrong(`Expected '${bracket}' after '${mark}', got '${token}'`);
  }

  #enter(): void {
    if (++this.#depth > MAX_DEPTH) throw wrong(`format nested deeper than ${MAX_DEPTH}`);
  }
}

function wrong(text: string): FluxError {
  return new FluxError("EPROTO", text);
}
