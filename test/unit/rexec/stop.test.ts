import assert from "node:assert/strict";
import { test } from "node:test";
import { ExecFlag } from "../../../src/rexec/index.ts";
import { rejects } from "../../helpers/rejects.ts";
import { collect, commandObject, isAlive, RexecInstance } from "../../helpers/rexec-instance.ts";
import { within } from "../../helpers/until.ts";

test("the end of the service ends all processes by SIGTERM, and forgets those that have ended", async () => {
  await using instance = await RexecInstance.start();
  const flux = await instance.connect();
  const foreground = collect(flux.stream("rexec.exec", { cmd: commandObject(["sleep", "100"]), flags: 0 }));
  const { pid } = await flux.rpc("rexec.exec", {
    cmd: commandObject(["sleep", "100"]),
    flags: ExecFlag.WAITABLE,
  });
  await flux.rpc("rexec.exec", { cmd: commandObject(["true"]), flags: ExecFlag.WAITABLE });
  const stopped = instance.rexec.stop();
  const late = flux.rpc("rexec.exec", { cmd: commandObject(["true"]), flags: 0 });
  await rejects(late, "ENOSYS", "subprocess server is shutting down");
  await within(stopped, "end");
  assert.equal((await foreground).status, 15);
  assert.equal(isAlive(Number(pid)), false);
  assert.equal(instance.rexec.size, 0);
});

test("a process that does not care about SIGTERM is killed", async () => {
  await using instance = await RexecInstance.start({ termMs: 50 });
  const flux = await instance.connect();
  const cmd = commandObject("trap '' TERM; echo ready; while :; do sleep 100; done");
  const responses = flux.stream("rexec.exec", { cmd, flags: ExecFlag.STDOUT });
  assert.equal((await responses.next()).value!["type"], "started");
  assert.equal((await responses.next()).value!["type"], "output");
  await within(instance.rexec.stop(), "end");
  assert.equal((await collect(responses)).status, 9);
});

test("an idle service stops at once, and again", async () => {
  await using instance = await RexecInstance.start();
  await instance.rexec.stop();
  await instance.rexec.stop();
});
