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
  /** Processor time of the broker for each response or event, in microseconds: shown, not judged. */
  readonly brokerMicros?: Pair;
}

/** What is measured together, with new processes in each round. */
export interface Subject {
  readonly name: string;
  /** Measures both builds in turns. The order of `sides` says which comes first: it changes from round to round. */
  measure(builds: Builds, sides: readonly [Side, Side]): Promise<readonly Sample[]>;
}

/** The values of both builds, from those of the first and the second of `sides`. */
export function pairOf<T>(sides: readonly [Side, Side], first: T, second: T): Record<Side, T> {
  return sides[0] === "current" ? { current: first, other: second } : { current: second, other: first };
}

/** Does something for one build after the other, in the order of `sides`. */
export async function eachSide<T>(
  builds: Builds,
  sides: readonly [Side, Side],
  make: (build: Build) => Promise<T>,
): Promise<Record<Side, T>> {
  const first = await make(builds[sides[0]]);
  return pairOf(sides, first, await make(builds[sides[1]]));
}
