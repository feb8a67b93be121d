import assert from "node:assert/strict";
import { test } from "node:test";
import { TestInstance } from "../../../src/testing/index.ts";

test("a handle in the broker's process speaks the same bytes", async () => {
  await using instance = await TestInstance.start();
  await using inside = instance.broker.connect();
  const outside = await instance.connect();
  await using _service = await inside.serve("calc", { add: ({ a, b }) => ({ sum: a + b }) });
  assert.deepEqual(await outside.rpc("calc.add", { a: 1, b: 2 }), { sum: 3 });
  assert.equal((await inside.ping()).route.split("!").length, 3);
  assert.equal(inside.queuedBytes, 0);
});
