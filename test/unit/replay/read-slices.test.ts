import assert from "node:assert/strict";
import { test } from "node:test";
import { ReadSlices } from "../../../src/replay/read-slices.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("readers go on at once while there is time, then one a turn, in order", async () => {
  const slices = new ReadSlices(1e6);
  assert.equal(slices.enter(), undefined);
  assert.equal(slices.enter(), undefined);
  const tight = new ReadSlices(0);
  const done: number[] = [];
  const enter = async (reader: number): Promise<void> => {
    await tight.enter();
    done.push(reader);
  };
  const all = Promise.all([1, 2, 3].map(enter));
  assert.equal(tight.waiting, 3);
  await turn();
  assert.deepEqual(done, [1]);
  const late = enter(4);
  await turn();
  assert.deepEqual(done, [1, 2]);
  await Promise.all([all, late]);
  assert.deepEqual(done, [1, 2, 3, 4]);
  assert.deepEqual([slices.hasTime, tight.hasTime], [true, false]);
});

test("time that nobody used is not saved: each turn has its own", async () => {
  const slices = new ReadSlices(1e6);
  assert.equal(slices.enter(), undefined);
  await turn();
  await turn();
  assert.equal(slices.enter(), undefined);
  assert.equal(slices.waiting, 0);
});

test("who gives the turns is told when nobody waits any more, and not before", async () => {
  let idle = 0;
  const slices = new ReadSlices(1e6, () => idle++);
  await turn();
  assert.equal(idle, 0, "nobody has read");
  assert.equal(slices.enter(), undefined);
  assert.equal(idle, 0);
  await turn();
  await turn();
  assert.equal(idle, 1);
});
