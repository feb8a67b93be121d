import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeUtf8, encodeUtf8 } from "../../../src/base/index.ts";
import type { Flux } from "../../../src/client/index.ts";
import { decodeCommand } from "../../../src/rexec/command.ts";
import { RemoteGroup, RemoteProcess } from "../../../src/rexec/index.ts";
import { rejects } from "../../helpers/rejects.ts";
import { commandObject, RexecInstance } from "../../helpers/rexec-instance.ts";
import { until, within } from "../../helpers/until.ts";

/** A group whose ranks all lead to the one broker; each runs the line of its own. */
function groupOf(flux: Flux, lines: readonly string[], opts: Record<string, string> = {}) {
  const told: string[] = [];
  const group = new RemoteGroup(
    lines.map((_line, rank) => rank),
    {
      output: (rank, stream, data) => told.push(`${rank} ${stream} ${decodeUtf8(data)}`),
      failed: (rank, error) => told.push(`${rank} ${error.code}`),
      room: () => {},
    },
    (rank, events) => RemoteProcess.exec(flux, decodeCommand(commandObject(lines[rank]!, { opts })), events),
  );
  return { group, told };
}

test("what a command did on each rank, and the worst of it", async () => {
  await using instance = await RexecInstance.start();
  const lines = ["exit 1", "echo out", "kill -15 $$", "exit 1", "exit 0"];
  const { group, told } = groupOf(await instance.connect(), lines);
  group.close();
  await within(group.done, "end");
  assert.equal(group.exitStatus, 143);
  assert.deepEqual(group.summary.sort(), ["2: Terminated", "[0,3]: Exit 1"].sort());
  assert.deepEqual(told, ["1 stdout out\n"]);
  assert.deepEqual(group.pending, []);
});

test("input goes to all, as much as the slowest takes", async () => {
  await using instance = await RexecInstance.start();
  const lines = ["cat >&2", "sleep 100"];
  const { group, told } = groupOf(await instance.connect(), lines, { stdin_BUFSIZE: "4k" });
  assert.equal(group.room, 0);
  await until(() => group.room === 4096, "room");
  group.write(encodeUtf8("hello\n"));
  assert.equal(group.room, 4090);
  await until(() => told.length > 0, "output");
  assert.deepEqual(told, ["0 stderr hello\n"]);
  group.write(new Uint8Array(group.room));
  group.kill(15, (rank) => assert.fail(`rank ${rank}`));
  await within(group.done, "end");
  assert.equal(group.room, 0);
  assert.equal(group.deaf, true);
});

test("a rank that is gone, or can't be reached, holds no other up", async () => {
  await using instance = await RexecInstance.start();
  const flux = await instance.connect();
  const failed: string[] = [];
  const group = new RemoteGroup(
    [0, 7],
    { output() {}, failed: (rank, error) => failed.push(`${rank} ${error.code}`), room() {} },
    (nodeid, events) => RemoteProcess.exec(flux, decodeCommand(commandObject(["cat"])), events, { nodeid }),
  );
  await until(() => group.room > 0, "room");
  assert.deepEqual(failed, ["7 EHOSTUNREACH"]);
  group.close();
  await within(group.done, "end");
  assert.equal(group.exitStatus, 68);
});

test("a process is signalled when it runs, and never when it does not", async () => {
  await using instance = await RexecInstance.start();
  const flux = await instance.connect();
  const statuses: number[] = [];
  const start = (cmdline: readonly string[]): RemoteProcess =>
    RemoteProcess.exec(flux, decodeCommand(commandObject(cmdline)), {
      exited: (status) => statuses.push(status),
    });
  const running = start(["sleep", "100"]);
  await running.kill(15);
  await until(() => !running.active, "end");
  assert.deepEqual(statuses, [15]);
  await rejects(running.kill(15), "ESRCH");
  await rejects(start(["./nope"]).kill(15), "EINVAL", "process did not start");
});

test("a lost connection is a failure", async () => {
  await using instance = await RexecInstance.start();
  const flux = await instance.connect();
  const { group, told } = groupOf(flux, ["sleep 100"]);
  await until(() => group.room > 0, "start");
  await flux.close();
  await within(group.done, "end");
  assert.deepEqual(told, ["0 ECONNRESET"]);
  assert.equal(group.exitStatus, 1);
});
