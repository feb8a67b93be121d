import { firstIndex } from "./first-index.ts";

/** Places of the line that are missing, both ends included. */
export interface Hole {
  first: number;
  last: number;
  /** When it was noticed. */
  readonly since: number;
  /** Nobody has these events: they are not asked for any more. */
  readonly gone: boolean;
}

/** The holes of an intake, in their order. */
export class Holes {
  readonly #holes: Hole[] = [];
  readonly #mergeMs: number;

  /** @param mergeMs - a hole noticed within this time of the one it follows on is one with it */
  constructor(mergeMs: number) {
    this.#mergeMs = mergeMs;
  }

  get length(): number {
    return this.#holes.length;
  }

  get head(): Hole | undefined {
    return this.#holes[0];
  }

  /** Adds a hole behind the others. */
  add(first: number, last: number, since: number): void {
    const tail = this.#holes.at(-1);
    const joins = tail !== undefined && tail.last === first - 1 && !tail.gone;
    if (joins && since - tail.since <= this.#mergeMs) tail.last = last;
    else this.#holes.push({ first, last, since, gone: false });
  }

  /** Takes `place` out of the hole it is in, which may fall in two; undefined when it is in none. */
  fill(place: number): Hole | undefined {
    const index = firstIndex(0, this.#holes.length, (i) => this.#holes[i]!.last >= place);
    const hole = this.#holes[index];
    if (hole === undefined || hole.first > place) return undefined;
    if (hole.first === hole.last) this.#holes.splice(index, 1);
    else if (hole.first === place) hole.first++;
    else if (hole.last === place) hole.last--;
    else {
      this.#holes.splice(index + 1, 0, { ...hole, first: place + 1 });
      hole.last = place - 1;
    }
    return hole;
  }

  /** True when `place` is in a hole. */
  has(place: number): boolean {
    const index = firstIndex(0, this.#holes.length, (i) => this.#holes[i]!.last >= place);
    return index < this.#holes.length && this.#holes[index]!.first <= place;
  }

  /** Marks what is missing of `[first, last]` as gone; returns how many places that are. */
  markGone(first: number, last: number): number {
    let count = 0;
    const start = firstIndex(0, this.#holes.length, (i) => this.#holes[i]!.last >= first);
    for (let i = start; i < this.#holes.length && this.#holes[i]!.first <= last; i++) {
      const hole = this.#holes[i]!;
      if (hole.gone) continue;
      const from = Math.max(first, hole.first);
      const to = Math.min(last, hole.last);
      count += to - from + 1;
      const parts: Hole[] = [];
      if (from > hole.first) parts.push({ ...hole, last: from - 1 });
      parts.push({ ...hole, first: from, last: to, gone: true });
      if (to < hole.last) parts.push({ ...hole, first: to + 1 });
      this.#holes.splice(i, 1, ...parts);
      i += parts.length - 1;
    }
    return count;
  }

  /** Takes the first hole out. */
  shift(): Hole | undefined {
    return this.#holes.shift();
  }

  clear(): void {
    this.#holes.length = 0;
  }

  /**
   * What to ask for at once: from the first hole that is not gone, over holes near it: as long as what lies between them is less than what is
   * missing.
   */
  wanted(): { readonly first: number; readonly last: number } | undefined {
    let first = 0;
    let last = 0;
    let missing = 0;
    for (const hole of this.#holes) {
      if (hole.gone) continue;
      if (missing === 0) first = hole.first;
      else if (hole.first - last - 1 > Math.max(16, missing)) break;
      last = hole.last;
      missing += hole.last - hole.first + 1;
    }
    return missing === 0 ? undefined : { first, last };
  }
}
