import { firstIndex } from "./first-index.ts";

const FIRST_RUNS = 16;

/**
 * When frames came that stand one behind the other. Those of one turn of the event loop came at one time, so that times are kept in runs, each with
 * the offset where it starts. They never go down: a clock may be set back.
 */
export class ArrivalTimes {
  #starts: Uint32Array;
  #times: Float64Array;
  #runs = 0;

  constructor(runs = FIRST_RUNS) {
    this.#starts = new Uint32Array(runs);
    this.#times = new Float64Array(runs);
  }

  /** Forgets all; the first frame comes at `time`, unless `note` says otherwise. */
  begin(time: number): void {
    this.#runs = 0;
    this.#add(0, time);
  }

  /** What is written from offset `start` on comes at `time`. */
  note(start: number, time: number): void {
    if (time <= this.latest) return;
    if (this.#starts[this.#runs - 1] === start) this.#runs--;
    this.#add(start, time);
  }

  /** The same in memory of just the size. */
  copy(): ArrivalTimes {
    const copy = new ArrivalTimes(0);
    copy.#starts = this.#starts.slice(0, this.#runs);
    copy.#times = this.#times.slice(0, this.#runs);
    copy.#runs = this.#runs;
    return copy;
  }

  get latest(): number {
    return this.#times[this.#runs - 1]!;
  }

  /** When the frame came that starts at `offset`. */
  at(offset: number): number {
    return this.#times[this.#runOf(offset)]!;
  }

  /** Writes the times of the frames that start at `offsets[from]` and behind. */
  read(offsets: Uint32Array, from: number, into: Float64Array): void {
    let run = this.#runOf(offsets[from]!);
    let next = this.#startOf(run + 1);
    for (let i = 0; i < into.length; i++) {
      while (offsets[from + i]! >= next) next = this.#startOf(++run + 1);
      into[i] = this.#times[run]!;
    }
  }

  /** Offset of what came at `time` or later; infinite when nothing did. */
  startSince(time: number): number {
    return this.#startOf(firstIndex(0, this.#runs, (run) => this.#times[run]! >= time));
  }

  #runOf(offset: number): number {
    return firstIndex(0, this.#runs, (run) => this.#starts[run]! > offset) - 1;
  }

  #startOf(run: number): number {
    return run < this.#runs ? this.#starts[run]! : Number.POSITIVE_INFINITY;
  }

  #add(start: number, time: number): void {
    const run = this.#runs++;
    if (run === this.#times.length) this.#reserve(Math.max(FIRST_RUNS, 2 * run));
    this.#starts[run] = start;
    this.#times[run] = time;
  }

  #reserve(runs: number): void {
    const [starts, times] = [new Uint32Array(runs), new Float64Array(runs)];
    starts.set(this.#starts);
    times.set(this.#times);
    this.#starts = starts;
    this.#times = times;
  }
}
