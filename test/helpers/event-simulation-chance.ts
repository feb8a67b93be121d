import { seededRandom } from "./message-fuzz.ts";

/** Chance with a seed. */
export class Chance {
  readonly #random: (limit: number) => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    // The first numbers of near seeds are near each other.
    for (let i = 0; i < 4; i++) this.#random(2);
  }

  /** From 0 to below 1. */
  unit(): number {
    return this.#random(0x1_0000_0000) / 0x1_0000_0000;
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    return this.#random(limit);
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.#random(most - least + 1);
  }

  /** True with that probability. */
  happens(probability: number): boolean {
    return this.unit() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.#random(choices.length)]!;
  }

  /** Another chance that goes its own way. */
  fork(): Chance {
    return new Chance(this.#random(0x1_0000_0000));
  }
}
