import { median } from "../statistics.ts";

/** A loss up to this is never called worse: 3 percent. */
export const LEAST_LOSS = 0.03;

/** Whether more of a value is good (a rate) or bad (a time, memory, bytes). */
export type Better = "higher" | "lower";

/** One value of both builds, measured in turns in one round. */
export interface Pair {
  readonly current: number;
  readonly other: number;
}

/** What the runs of a ratio tell. */
export interface Judgement {
  /** Medians over the runs. */
  readonly current: number;
  readonly other: number;
  /** How much the value of this build is above (+) or below (-) the other's, as a fraction. */
  readonly change: number;
  /** How much two runs of the same build differ, as a fraction. See `noiseOf`. */
  readonly noise: number;
  /** Least loss that counts: the larger of LEAST_LOSS and the noise. */
  readonly threshold: number;
  readonly verdict: "same" | "better" | "worse";
}

/**
 * Compares two builds by their runs, each of which has one or more rounds.
 *
 * A run's change is the median over its rounds of `ln(current / other)`. What slows down the machine
 * during a round slows down both builds, and cancels out. The change is the median of the runs' changes.
 *
 * @throws RangeError when there is no run, a run has no round, or a value is not above 0.
 */
export function judge(runs: readonly (readonly Pair[])[], better: Better): Judgement {
  if (runs.length === 0 || runs.some((rounds) => rounds.length === 0))
    throw new RangeError("a run has no rounds");
  const changes = runs.map((rounds) => median(rounds.map(logRatio)));
  const log = median(changes);
  const noise = noiseOf(changes);
  const threshold = Math.max(LEAST_LOSS, noise);
  // A loss by a factor is the same loss whether the value is a rate or a time.
  const gain = Math.exp(better === "higher" ? log : -log) - 1;
  const loss = 1 - Math.exp(better === "higher" ? log : -log);
  return {
    current: median(runs.map((rounds) => median(rounds.map(({ current }) => current)))),
    other: median(runs.map((rounds) => median(rounds.map(({ other }) => other)))),
    change: Math.exp(log) - 1,
    noise,
    threshold,
    verdict: loss > threshold ? "worse" : gain > threshold ? "better" : "same",
  };
}

/** From so many runs on, one of them may be an outlier. */
const TRIMMED_RUNS = 5;

/**
 * How much two runs of the same build differ, at most, from the changes of all runs (logarithms).
 *
 * The changes of run i and run j differ by `(a_i - a_j) - (b_i - b_j)`: by what two runs of build a
 * differ, less what two runs of build b differ. The true change is in both and cancels out, and so does
 * what the machine did to both builds alike. Both differences vary alike and independently, so the
 * difference of the changes is sqrt(2) times as large as that of one build. The largest one counts.
 * Among five runs or more, the one farthest from the median is left out: a single disturbance would
 * hide a loss of any size. The noise shrinks when runs have more rounds. A single run has none: 0.
 */
export function noiseOf(changes: readonly number[]): number {
  const middle = median(changes);
  const nearest = changes.toSorted((a, b) => Math.abs(a - middle) - Math.abs(b - middle));
  const kept = changes.length < TRIMMED_RUNS ? nearest : nearest.slice(0, -1);
  return Math.exp((Math.max(...kept) - Math.min(...kept)) / Math.SQRT2) - 1;
}

/**
 * The logarithm of `current / other`.
 *
 * @throws RangeError unless both values are above 0.
 */
export function logRatio({ current, other }: Pair): number {
  if (!(current > 0 && other > 0))
    throw new RangeError(`values ${current} and ${other} have no ratio: they must be above 0`);
  return Math.log(current / other);
}
