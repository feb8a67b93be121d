import { closeSync, openSync, readFileSync } from "node:fs";

/** What the limit is taken for where it can't be read: the usual one of a session. */
const USUAL_LIMIT = 1024;

/** Most descriptors that this process may have open, RLIMIT_NOFILE. */
export function descriptorLimit(): number {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    return soft === undefined ? USUAL_LIMIT : Number(soft);
  } catch {
    return USUAL_LIMIT;
  }
}

/** Descriptors that are open for nothing else but to be given up when there are no others. Owner: who made it. */
export class DescriptorReserve {
  readonly #size: number;
  #held: number[] = [];

  constructor(size: number) {
    this.#size = size;
    this.restore();
  }

  /** Opens what is missing of it, as far as there are descriptors. */
  restore(): void {
    try {
      while (this.#held.length < this.#size) this.#held.push(openSync("/dev/null", "r"));
    } catch {
      // There are no more now.
    }
  }

  /** Gives all of it up. */
  release(): void {
    for (const descriptor of this.#held.splice(0)) closeSync(descriptor);
  }
}
