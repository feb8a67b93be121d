import type { JsonObject } from "../json/index.ts";
import { encodeIo } from "./io.ts";

/** Most bytes kept of what a waitable process wrote, but for the latest piece, which is kept whole. */
export const RETAINED_BYTES = 8192;

/** The latest output of a process, for who collects its status. Source: RFC 42, `output` of the response to wait. */
export class RetainedOutput {
  readonly #pieces: { readonly io: JsonObject; readonly bytes: number }[] = [];
  #bytes = 0;

  /** RFC 24 objects, oldest first. */
  get objects(): JsonObject[] {
    return this.#pieces.map(({ io }) => io);
  }

  add(stream: string, rank: string, data: Uint8Array): void {
    this.#pieces.push({ io: encodeIo({ stream, rank, data, eof: false }), bytes: data.length });
    this.#bytes += data.length;
    while (this.#bytes > RETAINED_BYTES && this.#pieces.length > 1) {
      const oldest = this.#pieces.shift();
      this.#bytes -= oldest?.bytes ?? 0;
    }
  }
}
