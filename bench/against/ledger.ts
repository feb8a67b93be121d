import { median } from "../statistics.ts";
import type { Sample } from "./subject.ts";
import { type Better, type Judgement, judge, logRatio, type Pair } from "./verdict.ts";

/** What all runs said about one ratio. */
export interface Finding extends Judgement {
  readonly ratio: string;
  readonly unit: string;
  readonly better: Better;
  /** The rounds of each run. */
  readonly runs: readonly (readonly Pair[])[];
  /** Median processor time of the broker for each response or event, in microseconds; undefined where it has no meaning. */
  readonly brokerMicros: Pair | undefined;
}

/** A threshold above this says little. More rounds are measured while there is time. */
export const WANTED_THRESHOLD = 0.05;
/** A ratio that looks worse is measured again in so many passes before it is called worse. */
const CONFIRMATIONS = 4;
/** Most passes for one ratio; each has a round for each run. */
const MOST_PASSES = 8;

/** All that was measured of one ratio. */
interface Entry {
  readonly sample: Sample;
  /** For each run that has begun, its rounds. */
  readonly runs: Pair[][];
  readonly brokerMicros: Pair[];
}

/** The samples of one subject, by ratio and run. */
export class Ledger {
  readonly #entries = new Map<string, Entry>();
  /** Why the subject could not be measured; undefined when it was. */
  failure: string | undefined;

  /** Runs that have a round. */
  get runs(): number {
    return Math.max(0, ...[...this.#entries.values()].map(({ runs }) => runs.length));
  }

  /**
   * Adds a round to run `run`: a run that exists, counted from 0, or the next one.
   *
   * @throws RangeError when a value is not above 0; then nothing of the round is added.
   */
  add(run: number, samples: readonly Sample[]): void {
    for (const sample of samples) logRatio(sample);
    for (const sample of samples) {
      const { ratio, current, other, brokerMicros } = sample;
      let entry = this.#entries.get(ratio);
      if (entry === undefined) {
        entry = { sample, runs: [], brokerMicros: [] };
        this.#entries.set(ratio, entry);
      }
      entry.runs[run] ??= [];
      entry.runs[run].push({ current, other });
      if (brokerMicros !== undefined) entry.brokerMicros.push(brokerMicros);
    }
  }

  findings(): Finding[] {
    return [...this.#entries.values()].map(({ sample: { ratio, unit, better }, runs, brokerMicros }) => ({
      ratio,
      unit,
      better,
      runs,
      ...judge(runs, better),
      brokerMicros: brokerMicros.length === 0 ? undefined : medianPair(brokerMicros),
    }));
  }

  /** Whether another pass could change a verdict: something looks worse for too short, or the noise is too large. */
  needsMore(): boolean {
    if (this.failure !== undefined) return false;
    return this.findings().some(({ runs, verdict, threshold }) => {
      const passes = Math.min(...runs.map((rounds) => rounds.length));
      if (passes >= MOST_PASSES) return false;
      return verdict === "worse" ? passes <= CONFIRMATIONS : threshold > WANTED_THRESHOLD;
    });
  }

  /** How much another pass is needed: what looks worse comes first, then the largest noise. */
  urgency(): number {
    return Math.max(
      ...this.findings().map(({ verdict, threshold }) => (verdict === "worse" ? 10 : threshold)),
    );
  }
}

function medianPair(pairs: readonly Pair[]): Pair {
  return {
    current: median(pairs.map(({ current }) => current)),
    other: median(pairs.map(({ other }) => other)),
  };
}
