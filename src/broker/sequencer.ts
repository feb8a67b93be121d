import { FluxError } from "../base/index.ts";

/** Last number of the 32 bits an event has for it. */
export const LAST_SEQUENCE = 0xffffffff;

/** Numbers the events of the instance, from 1, each one more than the last. Only rank 0 has one. Source: RFC 3. */
export class Sequencer {
  #last = 0;

  /** The number of the latest event; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  /** The next number. Throws EOVERFLOW when the 32 bits are used up: no number is ever given twice. */
  next(): number {
    if (this.#last >= LAST_SEQUENCE)
      throw new FluxError("EOVERFLOW", "event sequence numbers are used up: restart the instance");
    this.#last++;
    return this.#last;
  }
}
