import assert from "node:assert/strict";
import { test } from "node:test";
import { startInstance } from "../../helpers/instance.ts";

test("a time limit beyond what timers take, or none, is not one that has passed", async () => {
  await using instance = await startInstance();
  const flux = await instance.connect();
  for (const timeoutMs of [2 ** 31, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY]) {
    assert.deepEqual(await flux.rpc("attr.get", { name: "rank" }, { timeoutMs }), { value: "0", flags: 1 });
    const dmesg = flux.callStream("log.dmesg", { follow: false }, { timeoutMs });
    for await (const line of dmesg) assert(line.text !== undefined);
  }
});

test("a time limit that is no time is EINVAL", async () => {
  await using instance = await startInstance();
  const flux = await instance.connect();
  for (const timeoutMs of [-1, Number.NaN]) {
    await assert.rejects(flux.rpc("attr.get", { name: "rank" }, { timeoutMs }), { code: "EINVAL" });
    await assert.rejects(flux.callStream("log.dmesg", { follow: false }, { timeoutMs }).next(), {
      code: "EINVAL",
    });
  }
  assert.equal(flux.pending, 0);
});

test("a level that is none is EINVAL", async () => {
  await using instance = await startInstance();
  const flux = await instance.connect();
  await assert.rejects(flux.log("bad" as never, "x"), { code: "EINVAL" });
});
