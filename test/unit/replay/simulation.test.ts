import assert from "node:assert/strict";
import { test } from "node:test";
import { SimulationPool } from "../../helpers/event-simulation-pool.ts";
import { SABOTAGE } from "../../helpers/event-simulation-sabotage.ts";

const SEEDS = 100;

test("lost events come back", async (t) => {
  await using pool = new SimulationPool(1);

  await t.test("100 simulated trees: each event once and in order, or told to be lost for good", async () => {
    const { count, failed, figures } = await pool.run({ first: 1, count: SEEDS });
    const faults = failed.map(({ seed, faults }) => `seed ${seed}: ${faults.join("; ")}`);
    assert.deepEqual(faults, [], "npm run simulate -- --seed N --trace shows what happens");
    assert.equal(count, SEEDS);
    // They do try what they are to try.
    for (const name of ["published", "received", "repaired", "losses", "lost", "twice", "late"])
      assert.ok(figures[name]! > SEEDS, `${name}: ${figures[name]}`);
  });

  await t.test("a seed runs the same way each time", async () => {
    let lines = 0;
    for (const seed of [3, 14, 15, 92]) {
      const [once, again] = [await pool.trace(seed), await pool.trace(seed)];
      assert.deepEqual(once, again, `seed ${seed}`);
      lines += once.length;
    }
    assert.ok(lines > 400, `${lines} lines`);
  });

  for (const sabotage of Object.keys(SABOTAGE))
    await t.test(`what is broken is noticed: ${sabotage}`, async () => {
      const { failed } = await pool.task({ first: 1, count: SEEDS, sabotage, untilFault: true });
      assert.equal(failed.length, 1, `none of ${SEEDS} seeds failed`);
    });
});
