/**
 * Reads the tokens of a pack or unpack format: single characters, with space, tab, newline, `,` and `:` between
 * them ignored (json_pack(3), "Building Values").
 */
export class FormatScanner {
  readonly #format: string;
  #next = 0;

  constructor(format: string) {
    this.#format = format;
  }

  /** The next token, taken; an empty string at the end. */
  take(): string {
    const token = this.peek();
    this.#next += token.length;
    return token;
  }

  /** The next token, left in place. */
  peek(): string {
    const format = this.#format;
    while (isSeparator(format.charCodeAt(this.#next))) this.#next++;
    const code = format.codePointAt(this.#next);
    return code === undefined ? "" : String.fromCodePoint(code);
  }

  /** Take the next token if it is one of `tokens`; true when it was. */
  accept(tokens: string): boolean {
    const token = this.peek();
    if (token === "" || !tokens.includes(token)) return false;
    this.#next += token.length;
    return true;
  }
}

function isSeparator(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x2c || code === 0x3a;
}
