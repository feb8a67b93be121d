import assert from "node:assert/strict";
import { test } from "node:test";
import { eventsSoak } from "../helpers/events-soak.ts";

/** With it the first fault kills, the next cuts, and so on by turns. The long form is scripts/events-soak.ts. */
const SEED = 9;

test("subscribers get what rank 0 has in its log, though links are cut and routers killed", async () => {
  const report = await eventsSoak({
    size: 7,
    seconds: 8,
    periodMs: 1000,
    eventsPerSecond: 100,
    seed: SEED,
    subscribers: [0, 1, 3, 6],
  });
  assert.deepEqual(report.faults, []);
  assert(report.cuts > 0 && report.kills > 0, "faults of both kinds");
  assert(report.repairs.brokers >= 6, "each rank above 0 was asked what it repaired");
  assert(report.events > 200, `${report.events} events`);
  for (const { rank, events } of report.subscribers) assert.equal(events, report.events, `rank ${rank}`);
});
