import type { JsonValue } from "./json-value.ts";
import { MAX_DEPTH } from "./json-value.ts";
import { Lexer } from "./lexer.ts";
import { Real } from "./real.ts";

/** What the exact parser is asked for. */
export interface ParserOptions {
  /** Give a {@link Real} for every number written with a point or an exponent whose value is whole. */
  readonly keepReals: boolean;
  /** Accept a scalar at the top, as jansson's JSON_DECODE_ANY. */
  readonly any: boolean;
}

/**
 * Parse JSON text exactly as jansson does: 64-bit integers (bigint where a number would lose), jansson's limits and
 * its error texts. Slower than JSON.parse; parse.ts takes it only where that would be wrong.
 *
 * @throws FluxError EPROTO
 */
export function parseExact(text: string, options: ParserOptions): JsonValue {
  const parser = new Parser(text, options);
  return parser.parse();
}

class Parser {
  readonly #lexer: Lexer;
  readonly #options: ParserOptions;
  #depth = 0;

  constructor(text: string, options: ParserOptions) {
    this.#lexer = new Lexer(text);
    this.#options = options;
  }

  parse(): JsonValue {
    const lexer = this.#lexer;
    const first = lexer.next();
    if (!this.#options.any && first !== "[" && first !== "{") lexer.fail("'[' or '{' expected");
    const value = this.#value();
    if (lexer.next() !== "end") lexer.fail("end of file expected");
    return value;
  }

  #value(): JsonValue {
    const lexer = this.#lexer;
    if (this.#depth >= MAX_DEPTH) lexer.fail("maximum parsing depth reached");
    switch (lexer.token) {
      case "string":
        return lexer.string;
      case "integer":
        return lexer.number;
      case "real":
        return this.#real(lexer.number as number);
      case "true":
        return true;
      case "false":
        return false;
      case "null":
        return null;
      case "{":
        return this.#object();
      case "[":
        return this.#array();
      case "invalid":
        return lexer.fail("invalid token");
      default:
        return lexer.fail("unexpected token");
    }
  }

  #real(value: number): JsonValue {
    return this.#options.keepReals && Number.isSafeInteger(value) ? new Real(value) : value;
  }

  #object(): JsonValue {
    const lexer = this.#lexer;
    const object: Record<string, JsonValue> = {};
    if (lexer.next() === "}") return object;
    this.#depth++;
    for (;;) {
      if (lexer.token !== "string") lexer.fail("string or '}' expected");
      const key = lexer.string;
      if (key.includes("\0")) lexer.fail("NUL byte in object key not supported");
      if (lexer.next() !== ":") lexer.fail("':' expected");
      lexer.next();
      const value = this.#value();
      if (key === "__proto__") define(object, key, value);
      else object[key] = value;
      if (lexer.next() !== ",") break;
      lexer.next();
    }
    if (lexer.token !== "}") lexer.fail("'}' expected");
    this.#depth--;
    return object;
  }

  #array(): JsonValue {
    const lexer = this.#lexer;
    const array: JsonValue[] = [];
    if (lexer.next() === "]") return array;
    this.#depth++;
    while (lexer.token !== "end") {
      array.push(this.#value());
      if (lexer.next() !== ",") break;
      lexer.next();
    }
    if (lexer.token !== "]") lexer.fail("']' expected");
    this.#depth--;
    return array;
  }
}

/** An own member named `__proto__`, which plain assignment would take for the prototype. */
export function define(object: Record<string, JsonValue>, key: string, value: JsonValue): void {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}
