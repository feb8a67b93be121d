import type { Build } from "../build.ts";
import type { Better, Pair } from "./verdict.ts";

/** The two builds that are compared. */
export interface Builds {
  readonly current: Build;
  readonly other: Build;
}

/** Which of the two builds. */
export type Side = keyof Builds;

/** One ratio of a round: the values of both builds. */
export interface Sample extends Pair {
  /** The name in the table. */
  readonly ratio: string;
  /** What the values are: `x relay` for a ratio to the bare relay of the same round. */
  readonly unit: string;
  readonly better: Better;
}

/** What is measured together, with new processes in each round. */
export interface Subject {
  readonly name: string;
  /** Measures both builds in turns. The order of `sides` says which comes first: it changes from round to round. */
  measure(builds: Builds, sides: readonly [Side, Side]): Promise<readonly Sample[]>;
}

/** Does something for one build after the other, in the order of `sides`. */
export async function eachSide<T>(
  builds: Builds,
  sides: readonly [Side, Side],
  make: (build: Build) => Promise<T>,
): Promise<Record<Side, T>> {
  const [first, second] = sides;
  const values = [await make(builds[first]), await make(builds[second])] as const;
  return { [first]: values[0], [second]: values[1] } as Record<Side, T>;
}
