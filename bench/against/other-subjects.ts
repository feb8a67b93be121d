import { Closers } from "../control/closers.ts";
import { openReplay } from "../event-log/measure.ts";
import { idleClientCost, pendingRequestCost } from "../memory.ts";
import { median } from "../statistics.ts";
import { measureTree, type TreeCost } from "../tree/measure.ts";
import { eachSide, type Sample, type Side, type Subject } from "./subject.ts";
import type { Better } from "./verdict.ts";

/** A subscriber that reads what a broker keeps. */
export const replaySubject: Subject = {
  name: "event-log-replay",
  async measure(builds, sides) {
    await using closers = new Closers();
    const read = await eachSide(builds, sides, (build) => openReplay(closers, build));
    const seconds: Record<Side, number> = { current: 0, other: 0 };
    const [first, second] = sides;
    for (const side of sides) await read[side]();
    for (const side of [first, second, second, first]) seconds[side] += 1 / (await read[side]());
    return [
      {
        ratio: "event-log-replay",
        unit: "events/s",
        better: "higher",
        current: 2 / seconds.current,
        other: 2 / seconds.other,
      },
    ];
  },
};

/** What the broker holds for an idle client and for a request that waits. */
export const memorySubjects: readonly Subject[] = [
  { name: "memory-idle-client", costOf: idleClientCost },
  { name: "memory-pending-request", costOf: pendingRequestCost },
].map(({ name, costOf }) => ({
  name,
  async measure(builds, sides) {
    const { current, other } = await eachSide(builds, sides, costOf);
    return [
      sampleOf(`${name} heap`, "B", "lower", current.heapBytes, other.heapBytes),
      sampleOf(`${name} resident`, "B", "lower", current.rssBytes, other.rssBytes),
    ];
  },
}));

const TREES = [
  ["kary:2", 64],
  ["kary:32", 256],
] as const;

/** Instances of many ranks in one process. */
export function treeSubjects(seconds: number): Subject[] {
  return TREES.map(([topology, size]) => {
    const name = `tree-${topology.replace(":", "")}-${size}`;
    return {
      name,
      async measure(builds, sides) {
        const costs: Record<Side, TreeCost[]> = { current: [], other: [] };
        const [first, second] = sides;
        for (const side of [first, second, second, first])
          costs[side].push(await measureTree(topology, size, seconds, builds[side]));
        const sample = (what: string, unit: string, better: Better, value: (cost: TreeCost) => number) => {
          const [current, other] = [median(costs.current.map(value)), median(costs.other.map(value))];
          return sampleOf(`${name} ${what}`, unit, better, current, other);
        };
        return [
          sample("boot", "ms", "lower", ({ boot }) => boot.ms),
          sample("boot bytes", "B/rank", "lower", ({ boot }) => boot.passed.bytes / size),
          sample("resident", "B/rank", "lower", ({ boot }) => boot.rssBytes / size),
          sample("request", "µs", "lower", ({ latency }) => latency.at(-1)!.micros),
          sample("events", "events/s", "higher", ({ events }) => events.perSecond),
          sample("event bytes", "B", "lower", ({ events }) => events.passed.bytes),
          sample("stop", "ms", "lower", ({ stopMs }) => stopMs),
        ];
      },
    };
  });
}

function sampleOf(ratio: string, unit: string, better: Better, current: number, other: number): Sample {
  return { ratio, unit, better, current, other };
}
