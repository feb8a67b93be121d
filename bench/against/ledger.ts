import type { Sample } from "./subject.ts";
import { type Better, type Judgement, judge, type Pair } from "./verdict.ts";

/** What all runs said about one ratio. */
export interface Finding extends Judgement {
  readonly ratio: string;
  readonly unit: string;
  readonly better: Better;
  /** The rounds of each run. */
  readonly runs: readonly (readonly Pair[])[];
}

/** A threshold above this says little: more rounds are measured while there is time. */
export const WANTED_THRESHOLD = 0.05;
/** A ratio that looks worse is measured again in so many passes before it is called worse. */
const CONFIRMATIONS = 2;
/** Most passes for one ratio; each has a round for each run. */
const MOST_PASSES = 6;

/** The samples of one subject, by ratio and run. */
export class Ledger {
  readonly #ratios = new Map<string, { readonly sample: Sample; readonly runs: Pair[][] }>();
  /** Why the subject could not be measured; undefined when it was. */
  failure: string | undefined;
  readonly #runs: number;

  /** @param runs Number of runs, at least 1. */
  constructor(runs: number) {
    this.#runs = runs;
  }

  /** Adds a round to run `run`, which counts from 0. */
  add(run: number, samples: readonly Sample[]): void {
    for (const sample of samples) {
      const { ratio, current, other } = sample;
      let entry = this.#ratios.get(ratio);
      if (entry === undefined) {
        entry = { sample, runs: Array.from({ length: this.#runs }, () => []) };
        this.#ratios.set(ratio, entry);
      }
      entry.runs[run]!.push({ current, other });
    }
  }

  findings(): Finding[] {
    return [...this.#ratios.values()].map(({ sample: { ratio, unit, better }, runs }) => ({
      ratio,
      unit,
      better,
      runs,
      ...judge(runs, better),
    }));
  }

  /** Whether another pass could change what is said: something looks worse for too short, or the noise is too loud. */
  needsMore(): boolean {
    if (this.failure !== undefined) return false;
    return this.findings().some(({ runs, verdict, threshold }) => {
      const passes = Math.min(...runs.map((rounds) => rounds.length));
      if (passes >= MOST_PASSES) return false;
      return verdict === "worse" ? passes <= CONFIRMATIONS : threshold > WANTED_THRESHOLD;
    });
  }

  /** How much another pass is needed: what looks worse comes first, then the loudest. */
  urgency(): number {
    return Math.max(
      ...this.findings().map(({ verdict, threshold }) => (verdict === "worse" ? 10 : threshold)),
    );
  }
}
