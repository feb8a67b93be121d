import { FluxError } from "../base/index.ts";

/** The 32 debug bits of a module, whose meaning is the module's own affair. Source: flux-module(1), `debug`. */
export class DebugFlags {
  #bits = 0;

  /** The bits as a C int has them. */
  get bits(): number {
    return this.#bits;
  }

  /** True when a bit of `mask` is set; with `clear` it is not set any more afterwards, for what is to happen once. */
  test(mask: number, clear = false): boolean {
    const set = (this.#bits & mask) !== 0;
    if (set && clear) this.#bits &= ~mask;
    return set;
  }

  /** Does what a debug request asks for. Throws EPROTO for an operation there is not. */
  apply(op: string, flags: number): void {
    if (op === "setbit") this.#bits |= flags;
    else if (op === "clrbit") this.#bits &= ~flags;
    else if (op === "set") this.#bits = flags | 0;
    else if (op === "clr") this.#bits = 0;
    else throw new FluxError("EPROTO");
  }
}
