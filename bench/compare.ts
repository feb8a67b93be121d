import { Closers } from "./control/closers.ts";
import type { Options } from "./options.ts";
import { Rig, type Run } from "./rig.ts";
import type { Scenario } from "./scenarios.ts";
import { median, medianRatio } from "./statistics.ts";
import type { SystemName } from "./systems/system.ts";

/** What one system did in one scenario. */
export interface Measured {
  readonly runs: readonly Run[];
  /** In the scenario's unit, for each run. */
  readonly values: readonly number[];
  readonly median: number;
  /** Median of the ratios to the relay's run just before; 1 for the relay itself. */
  readonly ratio: number;
}

/** The result of a scenario. */
export interface Compared {
  readonly scenario: Scenario;
  readonly systems: Partial<Record<SystemName, Measured>>;
  /** Whether fluxbus is within the limit. */
  readonly met: boolean;
}

const WARM_UP_SECONDS = 0.5;

/** Runs a scenario on all systems in turn: relay, fluxbus, relay, fluxbus, ... */
export async function compare(
  scenario: Scenario,
  names: readonly SystemName[],
  options: Options,
): Promise<Compared> {
  await using closers = new Closers();
  const rigs: Rig[] = [];
  for (const name of names) rigs.push(closers.use(await Rig.open(name, scenario.work, options)));
  for (const rig of rigs) await rig.run(WARM_UP_SECONDS);
  const runs = rigs.map((): Run[] => []);
  for (let round = 0; round < options.runs; round++) {
    for (const [index, rig] of rigs.entries()) runs[index]!.push(await rig.run(options.seconds));
  }
  const values = runs.map((ofSystem) => ofSystem.map((run) => inUnit(scenario, run)));
  const relay = values[names.indexOf("relay")]!;
  const measured = names.map((name, index): [SystemName, Measured] => {
    const mine = values[index]!;
    return [
      name,
      { runs: runs[index]!, values: mine, median: median(mine), ratio: medianRatio(mine, relay) },
    ];
  });
  const systems: Partial<Record<SystemName, Measured>> = Object.fromEntries(measured);
  const ratio = systems.fluxbus!.ratio;
  return {
    scenario,
    systems,
    met: scenario.unit === "µs" ? ratio <= scenario.limit : ratio >= scenario.limit,
  };
}

/** The result of a run in the unit of its scenario. */
export function inUnit({ unit, work }: Scenario, run: Pick<Run, "count" | "seconds">): number {
  switch (unit) {
    case "µs":
      return (run.seconds * 1e6) / run.count;
    case "deliveries/s":
      return (run.count * work.subscribers) / run.seconds;
    default:
      return run.count / run.seconds;
  }
}
