import { nextSeq } from "../message/index.ts";

/**
 * Numbers the events of the instance, from 1, each one more than the last. Behind the last number that 32 bits hold comes 1 again, of the next epoch.
 * Only rank 0 has one. Source: RFC 3.
 */
export class Sequencer {
  #last: number;

  constructor(last = 0) {
    this.#last = last;
  }

  /** The number of the latest event; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  next(): number {
    this.#last = nextSeq(this.#last);
    return this.#last;
  }
}
