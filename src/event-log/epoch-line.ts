import type { SeqRange } from "./event-batch.ts";

/** What a ring or a log knows of one epoch: the numbers from `first` to `last`, of which some are lost. */
export class EpochLine {
  /** 0 as long as it is not known. */
  epoch: number;
  /** The oldest number it can tell anything about. */
  first: number;
  /** The latest number; `first - 1` when there is none. */
  last: number;
  #lost: SeqRange[] = [];

  constructor(epoch: number, after: number) {
    this.epoch = epoch;
    this.first = after + 1;
    this.last = after;
  }

  get lost(): readonly SeqRange[] {
    return this.#lost;
  }

  /** Notes that the numbers up to `last` which are not there yet never come. */
  lose(last: number): void {
    const first = this.last + 1;
    const before = this.#lost.at(-1);
    if (before !== undefined && before[1] === first - 1)
      this.#lost[this.#lost.length - 1] = [before[0], last];
    else this.#lost.push([first, last]);
    this.last = last;
  }

  /** Forgets the numbers before `first`. */
  forget(first: number): void {
    this.first = first;
    const ranges = this.#lost;
    if (ranges.length === 0 || ranges[0]![0] >= first) return;
    const kept = ranges.findIndex((range) => range[1] >= first);
    this.#lost = kept < 0 ? [] : ranges.slice(kept);
  }

  /** What is lost behind `after`, up to `through`. */
  lostWithin(after: number, through: number): SeqRange[] {
    return clipRanges(this.#lost, after, through);
  }
}

/** The parts of `ranges` that are behind `after`, up to `through`. */
export function clipRanges(ranges: readonly SeqRange[], after: number, through: number): SeqRange[] {
  const clipped: SeqRange[] = [];
  for (const [first, last] of ranges) {
    if (last > after && first <= through) clipped.push([Math.max(first, after + 1), Math.min(last, through)]);
  }
  return clipped;
}
