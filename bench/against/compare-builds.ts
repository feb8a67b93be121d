import { cpus, loadavg } from "node:os";
import type { Build } from "../build.ts";
import type { Options } from "../options.ts";
import { MANY_PREFIXES, SCENARIOS, type Scenario, subscriptionWork } from "../scenarios.ts";
import { type Finding, Ledger } from "./ledger.ts";
import { memorySubjects, replaySubject, treeSubjects } from "./other-subjects.ts";
import { startSubjects } from "./start-subject.ts";
import type { Builds, Side, Subject } from "./subject.ts";
import { workSubject } from "./work-subject.ts";

/** What the comparison of two builds found. */
export interface BuildComparison {
  readonly current: string;
  readonly other: string;
  readonly runs: number;
  readonly minutes: number;
  /** Processes that wanted a processor in the minute before it began, and the processors. */
  readonly load: number;
  readonly cores: number;
  readonly findings: readonly Finding[];
  /** Runs that all subjects have. It is less than `runs` when the time ran out: then the verdicts are too early. */
  readonly complete: number;
  /** Subjects that one of the builds could not do, and why. */
  readonly failures: readonly { readonly subject: string; readonly reason: string }[];
  /** Whether all runs are there, no ratio is worse and none has failed. */
  readonly met: boolean;
}

export type Progress = (text: string) => void;

const MS_PER_MINUTE = 60_000;

/**
 * Measures this build and another in turns.
 *
 * Every subject has a round in each run, with new processes. Then subjects whose ratios look worse or
 * vary too much get further passes, a round for each run, while `options.minutes` allow.
 *
 * @throws TypeError when no subject has a name that `options.only` wants.
 */
export async function compareBuilds(
  current: Build,
  other: Build,
  options: Options,
  progress: Progress,
): Promise<BuildComparison> {
  const load = loadavg()[0]!;
  const start = performance.now();
  const deadline = start + options.minutes * MS_PER_MINUTE;
  const builds: Builds = { current, other };
  const subjects = subjectsOf(options);
  const measured = subjects.map((subject) => new Measured(subject));
  for (let run = 0; run < options.runs; run++) {
    for (const each of measured) {
      if (performance.now() > deadline) break;
      progress(`run ${run + 1} of ${options.runs}: ${each.subject.name}`);
      await each.round(builds, run);
    }
  }
  const complete = Math.min(
    ...measured.map(({ ledger }) => (ledger.failure === undefined ? ledger.runs : options.runs)),
  );
  for (;;) {
    const left = deadline - performance.now();
    const next = measured
      .filter(({ ledger, roundMs }) => ledger.needsMore() && roundMs * options.runs < left)
      .toSorted((a, b) => b.ledger.urgency() - a.ledger.urgency())[0];
    if (next === undefined) break;
    progress(`further rounds: ${next.subject.name}`);
    for (let run = 0; run < options.runs; run++) await next.round(builds, run);
  }
  const findings = measured.flatMap(({ ledger }) => (ledger.failure === undefined ? ledger.findings() : []));
  const failures = measured.flatMap(({ subject, ledger }) =>
    ledger.failure === undefined ? [] : [{ subject: subject.name, reason: ledger.failure }],
  );
  return {
    current: current.root,
    other: other.root,
    runs: options.runs,
    complete,
    load,
    cores: cpus().length,
    minutes: (performance.now() - start) / MS_PER_MINUTE,
    findings,
    failures,
    met:
      complete === options.runs &&
      failures.length === 0 &&
      findings.every(({ verdict }) => verdict !== "worse"),
  };
}

/** A subject, what it said so far, and how long a round takes. */
class Measured {
  readonly subject: Subject;
  readonly ledger = new Ledger();
  roundMs = 0;
  #rounds = 0;

  constructor(subject: Subject) {
    this.subject = subject;
  }

  /** Measures a round of run `run`, if need be in a second attempt. A subject that fails twice is left out from then on. */
  async round(builds: Builds, run: number): Promise<void> {
    if (this.ledger.failure !== undefined) return;
    const sides: readonly [Side, Side] =
      this.#rounds++ % 2 === 0 ? ["current", "other"] : ["other", "current"];
    const start = performance.now();
    const attempt = async (): Promise<void> =>
      this.ledger.add(run, await this.subject.measure(builds, sides));
    try {
      await attempt().catch(attempt);
    } catch (error) {
      this.ledger.failure = error instanceof Error ? error.message : String(error);
    }
    this.roundMs = Math.max(this.roundMs, performance.now() - start);
  }
}

function subjectsOf({ only, seconds }: Options): Subject[] {
  const publish = SCENARIOS.find(({ name }) => name === "publish-64B")!;
  const beside: Scenario = { ...publish, name: "subscriptions", work: subscriptionWork(MANY_PREFIXES) };
  const subjects = [
    ...SCENARIOS.map((scenario) => workSubject(scenario, seconds)),
    workSubject(beside, seconds),
    workSubject({ ...publish, name: "event-log-disk" }, seconds, "disk"),
    replaySubject,
    ...memorySubjects,
    ...treeSubjects(seconds),
    ...startSubjects(),
  ].filter(({ name }) => only.length === 0 || only.some((part) => name.includes(part)));
  if (subjects.length === 0) throw new TypeError(`no scenario has a name with ${only.join(" or ")} in it`);
  return subjects;
}
