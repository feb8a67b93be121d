import assert from "node:assert/strict";
import { test } from "node:test";
import { TestInstance } from "../../../src/testing/index.ts";

test("a call reaches a service of another client and its response comes back", async () => {
  await using instance = await TestInstance.start();
  const server = await instance.connect();
  const client = await instance.connect();
  await using _service = await server.serve("calc", { add: ({ a, b }) => ({ sum: a + b }) });
  assert.deepEqual(await client.rpc("calc.add", { a: 1, b: 2 }), { sum: 3 });
});
