import { inUnit } from "../compare.ts";
import { Closers } from "../control/closers.ts";
import { type KeptEvents, Rig, type Run } from "../rig.ts";
import type { Scenario } from "../scenarios.ts";
import { median } from "../statistics.ts";
import { type Builds, pairOf, type Sample, type Side, type Subject } from "./subject.ts";

/**
 * The engine compiles the code of a program in its first seconds. All programs of both builds have the
 * same time for that; the code of the relay is short.
 */
const WARM_UP_SECONDS = 1;
const RELAY_WARM_UP_SECONDS = 0.5;
/** Whose turn it is: first (0) and second (1) build come as early and as often as each other. */
const BLOCK = ["relay", 0, 1, 1, 0, 1, 0, 0, 1] as const;
const BLOCKS = 2;
const TURNS_OF_BUILD = 8;

/** The work of a scenario: the ratio of fluxbus to the bare relay, for both builds with the same relay. */
export function workSubject(scenario: Scenario, seconds: number, events?: KeptEvents): Subject {
  const { name, work, unit } = scenario;
  return {
    name,
    async measure(builds: Builds, sides: readonly [Side, Side]): Promise<readonly Sample[]> {
      await using closers = new Closers();
      const [first, second, relay] = await openAll(closers, [
        Rig.open("fluxbus", work, { build: builds[sides[0]], events }),
        Rig.open("fluxbus", work, { build: builds[sides[1]], events }),
        Rig.open("relay", work),
      ]);
      const rigs = { 0: first!, 1: second!, relay: relay! };
      const runs = { 0: [] as Run[], 1: [] as Run[], relay: [] as Run[] };
      await rigs.relay.run(RELAY_WARM_UP_SECONDS);
      await rigs[0].run(WARM_UP_SECONDS);
      await rigs[1].run(WARM_UP_SECONDS);
      for (let block = 0; block < BLOCKS; block++) {
        for (const turn of BLOCK) runs[turn].push(await rigs[turn].run(seconds / TURNS_OF_BUILD));
      }
      // The median leaves out the turns that something else on the machine has disturbed.
      const inUnits = (all: readonly Run[]): number => median(all.map((run) => inUnit(scenario, run)));
      const limit = inUnits(runs.relay);
      return [
        {
          ratio: name,
          unit: "x relay",
          better: unit === "µs" ? "lower" : "higher",
          ...pairOf(sides, inUnits(runs[0]) / limit, inUnits(runs[1]) / limit),
          brokerMicros: pairOf(sides, brokerMicrosOf(runs[0]), brokerMicrosOf(runs[1])),
        },
      ];
    },
  };
}

/** Waits for all rigs, so that those that opened are closed when another did not. */
async function openAll(closers: Closers, opening: readonly Promise<Rig>[]): Promise<Rig[]> {
  const settled = await Promise.allSettled(opening);
  for (const result of settled) if (result.status === "fulfilled") closers.use(result.value);
  return settled.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}

function brokerMicrosOf(runs: readonly Run[]): number {
  const micros = runs.reduce((sum, { cpuMicros, count }) => sum + cpuMicros.hub! * count, 0);
  return micros / runs.reduce((sum, { count }) => sum + count, 0);
}
