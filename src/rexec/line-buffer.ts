import { concatBytes } from "../base/index.ts";

const NEWLINE = 0x0a;

/**
 * Cuts a stream of bytes into pieces: into lines with their newline, or, when it does not go by lines, into what there is. A line
 * longer than `maxBytes` is cut there.
 */
export class LineBuffer {
  readonly #byLine: boolean;
  readonly #maxBytes: number;
  /** Chunks with no newline, the beginning of the next piece. */
  #partial: Uint8Array[] = [];
  #partialBytes = 0;
  /** Chunks that were not looked at yet. */
  readonly #chunks: Uint8Array[] = [];
  #ended = false;

  constructor(options: { readonly byLine: boolean; readonly maxBytes: number }) {
    this.#byLine = options.byLine;
    this.#maxBytes = options.maxBytes;
  }

  /** True when `end` was called and all pieces are taken. */
  get finished(): boolean {
    return this.#ended && this.#chunks.length === 0 && this.#partialBytes === 0;
  }

  /** Adds bytes, which are kept and must not change. */
  push(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#chunks.push(bytes);
  }

  /** No more bytes come: what is left is a piece. */
  end(): void {
    this.#ended = true;
  }

  /** The next piece; undefined while there is none. */
  take(): Uint8Array | undefined {
    if (!this.#byLine) return this.#chunks.shift();
    for (let chunk = this.#chunks[0]; chunk !== undefined; chunk = this.#chunks[0]) {
      const room = this.#maxBytes - this.#partialBytes;
      const newline = chunk.indexOf(NEWLINE);
      const end = newline < 0 ? chunk.length : newline + 1;
      if (newline < 0 && end < room) {
        this.#partial.push(chunk);
        this.#partialBytes += end;
        this.#chunks.shift();
        continue;
      }
      const cut = Math.min(end, room);
      if (cut === chunk.length) this.#chunks.shift();
      else this.#chunks[0] = chunk.subarray(cut);
      return this.#piece(chunk.subarray(0, cut));
    }
    return this.#ended && this.#partialBytes > 0 ? this.#piece() : undefined;
  }

  #piece(rest?: Uint8Array): Uint8Array {
    if (rest !== undefined && this.#partialBytes === 0) return rest;
    const piece = concatBytes(rest === undefined ? this.#partial : [...this.#partial, rest]);
    this.#partial = [];
    this.#partialBytes = 0;
    return piece;
  }
}
