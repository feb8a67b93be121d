import { FluxError } from "../base/index.ts";
import { FormatScanner } from "./format-scanner.ts";
import { MAX_DEPTH } from "./json-value.ts";

/** What an absent argument (undefined, C's NULL) stands for. */
export type WhenAbsent = "error" | "null" | "omit";

/** The pieces of a string, each with its own argument; true for one that a length in bytes follows. */
export type Pieces = readonly boolean[];

/** What to build, in the order in which it takes arguments. */
export type PackNode =
  | { readonly kind: "object"; readonly members: readonly PackMember[] }
  | { readonly kind: "array"; readonly items: readonly PackNode[] }
  | { readonly kind: "string"; readonly pieces: Pieces; readonly whenAbsent: WhenAbsent }
  | { readonly kind: "value"; readonly whenAbsent: WhenAbsent }
  | { readonly kind: "null" | "boolean" | "int" | "int64" | "real" };

export interface PackMember {
  readonly key: Pieces;
  readonly value: PackNode;
}

/** A pack format, compiled. */
export interface PackPlan {
  readonly root: PackNode;
  /** How many arguments the format takes. */
  readonly count: number;
}

const PLAIN: Pieces = [false];

/**
 * Compile a pack format (json_pack(3), jansson src/pack_unpack.c).
 * @throws FluxError EINVAL with jansson's text; where that would end in a NUL character, the end of the format is named
 */
export function compilePack(format: string): PackPlan {
  if (typeof format !== "string" || format === "") {
    throw new FluxError("EINVAL", "NULL or empty format string");
  }
  const compiler = new PackCompiler(format);
  return compiler.compile();
}

class PackCompiler {
  readonly #scanner: FormatScanner;
  #count = 0;
  #depth = 0;

  constructor(format: string) {
    this.#scanner = new FormatScanner(format);
  }

  compile(): PackPlan {
    const root = this.#value();
    if (this.#scanner.take() !== "") throw invalid("Garbage after format string");
    return { root, count: this.#count };
  }

  #value(): PackNode {
    const scanner = this.#scanner;
    const token = scanner.take();
    switch (token) {
      case "{":
        return this.#object();
      case "[":
        return this.#array();
      case "s":
        return this.#string();
      case "n":
        return { kind: "null" };
      case "b":
        this.#count++;
        return { kind: "boolean" };
      case "i":
        this.#count++;
        return { kind: "int" };
      case "I":
        this.#count++;
        return { kind: "int64" };
      case "f":
        this.#count++;
        return { kind: "real" };
      case "o":
      case "O":
        this.#count++;
        return { kind: "value", whenAbsent: this.#whenAbsent() };
      case "":
        throw invalid("Unexpected end of format string");
      default:
        throw invalid(`Unexpected format character '${token}'`);
    }
  }

  #object(): PackNode {
    const scanner = this.#scanner;
    const members: PackMember[] = [];
    this.#enter();
    for (let token = scanner.take(); token !== "}"; token = scanner.take()) {
      if (token === "") throw invalid("Unexpected end of format string");
      if (token !== "s") throw invalid(`Expected format 's', got '${token}'`);
      members.push({ key: this.#pieces(), value: this.#value() });
    }
    this.#depth--;
    return { kind: "object", members };
  }

  #array(): PackNode {
    const items: PackNode[] = [];
    this.#enter();
    while (!this.#scanner.accept("]")) items.push(this.#value());
    this.#depth--;
    return { kind: "array", items };
  }

  #enter(): void {
    if (++this.#depth > MAX_DEPTH) throw invalid(`format nested deeper than ${MAX_DEPTH}`);
  }

  #string(): PackNode {
    const whenAbsent = this.#whenAbsent();
    if (whenAbsent !== "error") {
      const token = this.#scanner.peek();
      if (token === "#" || token === "%" || token === "+") {
        throw invalid(`Cannot use '${token}' on optional strings`);
      }
      this.#count++;
      return { kind: "string", pieces: PLAIN, whenAbsent };
    }
    return { kind: "string", pieces: this.#pieces(), whenAbsent };
  }

  #whenAbsent(): WhenAbsent {
    if (this.#scanner.accept("?")) return "null";
    return this.#scanner.accept("*") ? "omit" : "error";
  }

  #pieces(): Pieces {
    const pieces: boolean[] = [];
    do {
      const counted = this.#scanner.accept("#%");
      pieces.push(counted);
      this.#count += counted ? 2 : 1;
    } while (this.#scanner.accept("+"));
    return pieces.length === 1 && pieces[0] === false ? PLAIN : pieces;
  }
}

function invalid(text: string): FluxError {
  return new FluxError("EINVAL", text);
}
