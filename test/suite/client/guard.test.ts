import assert from "node:assert/strict";
import { test } from "node:test";
import { startInstance } from "../../helpers/instance.ts";

test("what a user's callback throws is logged and costs neither the connection nor the call", async () => {
  const lines: string[] = [];
  const fail = (): never => {
    throw new TypeError("a fault of the program");
  };
  await using instance = await startInstance();
  const flux = await instance.connect({
    trace: fail,
    onStatus: fail,
    onLog: (level, text) => lines.push(`${level} ${text.split("\n")[0]}`),
  });
  assert.equal((await flux.ping()).rank, 0);
  assert.equal(flux.status, "connected");
  await flux.close();
  assert(lines.includes("err trace failed: TypeError: a fault of the program"));
  assert(lines.includes("err onStatus failed: TypeError: a fault of the program"));
});
