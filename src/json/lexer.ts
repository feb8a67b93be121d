import { FluxError } from "../base/index.ts";
import { INT64_MAX, INT64_MIN } from "./json-value.ts";
import { isWellFormed, utf8Length } from "./utf8.ts";

/** A token is one of `{ } [ ] : ,` by its own character, or one of these names. */
export type Token =
  | "{"
  | "}"
  | "["
  | "]"
  | ":"
  | ","
  | "string"
  | "integer"
  | "real"
  | "true"
  | "false"
  | "null"
  | "invalid"
  | "end";

/** Longest text of a 64-bit integer, with its sign. A leading zero is no part of one. */
const MAX_INTEGER_LENGTH = 20;

/** jansson shows the token an error was met at only up to this many bytes of UTF-8. */
const NEAR_BYTES = 20;

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

const IS_SHORT_ESCAPE = new Uint8Array(0x80);
for (const char of Object.keys(SHORT_ESCAPES)) IS_SHORT_ESCAPE[char.charCodeAt(0)] = 1;

/**
 * Cuts JSON text into tokens by jansson's rules (src/load.c), which are RFC 8259's with integers apart from
 * reals, 64-bit integers, and no lone surrogates.
 *
 * `token` is the kind last read; `string` or `number` hold its value. Errors are FluxError EPROTO with jansson's
 * text, ` near '<token>'` or ` near end of file` at its end.
 */
export class Lexer {
  readonly #text: string;
  #start = 0;
  #end = 0;
  token: Token = "invalid";
  string = "";
  number: number | bigint = 0;

  constructor(text: string) {
    this.#text = text;
    if (!isWellFormed(text)) throw new FluxError("EPROTO", "unable to decode byte 0xed");
  }

  /** Read the next token. */
  next(): Token {
    const text = this.#text;
    let index = this.#end;
    let code = text.charCodeAt(index);
    while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) code = text.charCodeAt(++index);
    this.#start = index;
    this.#end = index + 1;
    switch (code) {
      case 0x7b:
      case 0x7d:
      case 0x5b:
      case 0x5d:
      case 0x3a:
      case 0x2c:
        this.token = text[index] as Token;
        break;
      case 0x22:
        this.#scanString();
        break;
      default:
        if (index >= text.length) {
          this.#end = index;
          this.token = "end";
        } else if (code === 0x2d || isDigit(code)) this.token = this.#scanNumber(code);
        else if (isLetter(code)) this.token = this.#scanWord();
        else {
          this.#end = index + (text.codePointAt(index)! > 0xffff ? 2 : 1);
          this.token = "invalid";
        }
    }
    return this.token;
  }

  /** Fail with jansson's text for the token just read; the cause says how many characters of the text were read. */
  fail(reason: string): never {
    const near = this.#text.slice(this.#start, this.#end);
    let text = reason;
    if (near === "") text += " near end of file";
    else if (utf8Length(near) <= NEAR_BYTES) text += ` near '${near}'`;
    throw new FluxError("EPROTO", text, { cause: { read: this.#end } });
  }

  /** `this.#end` is past the opening quote; leave it past the closing one. */
  #scanString(): void {
    const text = this.#text;
    let escaped = false;
    let index = this.#end;
    for (;;) {
      const code = text.charCodeAt(index);
      if (code === 0x22) break;
      if (code >= 0x20 && code !== 0x5c) {
        index++;
      } else if (code === 0x5c) {
        escaped = true;
        index = this.#skipEscape(index + 1);
      } else {
        this.#end = index;
        if (index >= text.length) this.fail("premature end of input");
        if (code === 0x0a) this.fail("unexpected newline");
        this.fail(`control character 0x${code.toString(16)}`);
      }
    }
    this.#end = index + 1;
    this.string = escaped ? this.#unescape(this.#start + 1, index) : text.slice(this.#start + 1, index);
    this.token = "string";
  }

  /** From the character after a backslash to the first one after the escape. */
  #skipEscape(index: number): number {
    const text = this.#text;
    const kind = text.charCodeAt(index);
    if (kind !== 0x75) {
      if (kind < 0x80 && IS_SHORT_ESCAPE[kind] === 1) return index + 1;
      this.#failAt(index, "invalid escape");
    }
    for (let digit = index + 1; digit <= index + 4; digit++) {
      if (!isHexDigit(text.charCodeAt(digit))) this.#failAt(digit, "invalid escape");
    }
    return index + 5;
  }

  /** Fail with the character at `index` as the last of the token. */
  #failAt(index: number, reason: string): never {
    const code = this.#text.codePointAt(index);
    this.#end = index + (code === undefined ? 0 : code > 0xffff ? 2 : 1);
    this.fail(reason);
  }

  /** The value of the characters from `start` to `end`, whose escapes are known to be well shaped. */
  #unescape(start: number, end: number): string {
    // The host's parser is many times faster. It takes surrogates that stand alone.
    const value: string = JSON.parse(this.#text.slice(start - 1, end + 1));
    if (!isWellFormed(value)) this.#failAtSurrogate(start, end);
    return value;
  }

  /** Fails at the first escaped surrogate that stands alone. */
  #failAtSurrogate(start: number, end: number): never {
    const text = this.#text;
    for (let at = start; at < end; at++) {
      if (text.charCodeAt(at) !== 0x5c) continue;
      const slash = at++;
      if (text.charCodeAt(at) !== 0x75) continue;
      const code = this.#hex(slash);
      at = slash + 5;
      if (code < 0xd800 || code > 0xdfff) continue;
      if (code > 0xdbff || text[at + 1] !== "\\" || text[at + 2] !== "u")
        this.fail(`invalid Unicode '\\u${hex4(code)}'`);
      const second = this.#hex(at + 1);
      if (second < 0xdc00 || second > 0xdfff)
        this.fail(`invalid Unicode '\\u${hex4(code)}\\u${hex4(second)}'`);
      at += 6;
    }
    return this.fail("invalid Unicode");
  }

  #hex(slash: number): number {
    return Number.parseInt(this.#text.slice(slash + 2, slash + 6), 16);
  }

  #scanNumber(first: number): Token {
    const text = this.#text;
    let index = this.#start;
    if (first === 0x2d) index++;
    const digits = index;
    index = skipDigits(text, index);
    // No digit, or a leading zero: the token ends where it went wrong.
    if (index === digits || (text.charCodeAt(digits) === 0x30 && index > digits + 1)) {
      this.#end = index === digits ? index : digits + 1;
      return "invalid";
    }
    let isReal = false;
    if (text[index] === ".") {
      isReal = true;
      const fraction = index + 1;
      index = skipDigits(text, fraction);
      if (index === fraction) return this.#invalidAt(index);
    }
    if (text[index] === "e" || text[index] === "E") {
      isReal = true;
      index++;
      if (text[index] === "+" || text[index] === "-") index++;
      const exponent = index;
      index = skipDigits(text, exponent);
      if (index === exponent) return this.#invalidAt(index);
    }
    this.#end = index;
    return isReal ? this.#realValue() : this.#integerValue();
  }

  #invalidAt(end: number): Token {
    this.#end = end;
    return "invalid";
  }

  #realValue(): Token {
    const value = Number(this.#text.slice(this.#start, this.#end));
    if (!Number.isFinite(value)) this.fail("real number overflow");
    this.number = value;
    return "real";
  }

  #integerValue(): Token {
    const text = this.#text.slice(this.#start, this.#end);
    // Twenty characters hold every 64-bit integer. A longer one is not read, only to be refused.
    const isLong = text.length > MAX_INTEGER_LENGTH;
    const value = isLong
      ? text[0] === "-"
        ? Number.NEGATIVE_INFINITY
        : Number.POSITIVE_INFINITY
      : Number(text);
    if (Number.isSafeInteger(value)) this.number = value;
    else {
      const exact = isLong ? value : BigInt(text);
      if (exact > INT64_MAX) this.fail("too big integer");
      if (exact < INT64_MIN) this.fail("too big negative integer");
      this.number = exact;
    }
    return "integer";
  }

  #scanWord(): Token {
    const text = this.#text;
    let index = this.#start + 1;
    while (isLetter(text.charCodeAt(index))) index++;
    this.#end = index;
    const word = text.slice(this.#start, index);
    return word === "true" || word === "false" || word === "null" ? word : "invalid";
  }
}

function skipDigits(text: string, from: number): number {
  let index = from;
  while (isDigit(text.charCodeAt(index))) index++;
  return index;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isLetter(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a);
}

function isHexDigit(code: number): boolean {
  return isDigit(code) || (code >= 0x61 && code <= 0x66) || (code >= 0x41 && code <= 0x46);
}

function hex4(code: number): string {
  return code.toString(16).toUpperCase().padStart(4, "0");
}
