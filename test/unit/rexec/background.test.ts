import assert from "node:assert/strict";
import { test } from "node:test";
import type { Flux } from "../../../src/client/index.ts";
import type { JsonObject } from "../../../src/json/index.ts";
import { ExecFlag, LocalFlag } from "../../../src/rexec/index.ts";
import { rejects } from "../../helpers/rejects.ts";
import { collect, commandObject, RexecInstance } from "../../helpers/rexec-instance.ts";
import { until, within } from "../../helpers/until.ts";

const BOTH = ExecFlag.STDOUT | ExecFlag.STDERR;

/** Starts a command in the background; resolves to its process id. */
async function start(flux: Flux, cmd: JsonObject, flags = 0): Promise<number> {
  const { type, pid } = await flux.rpc("rexec.exec", { cmd, flags });
  assert.equal(type, "started");
  return Number(pid);
}

async function list(flux: Flux): Promise<JsonObject[]> {
  const { rank, procs } = await flux.rpc("rexec.list");
  assert.equal(rank, 0);
  return procs as JsonObject[];
}

test("a process in the background outlives its client, and writes to the log", async () => {
  await using instance = await RexecInstance.start();
  const starter = await instance.connect();
  const pid = await start(starter, commandObject("read x || echo no input; echo err >&2; sleep 0.1; exit 2"));
  await starter.close();
  await instance.logged(/Exit/);
  assert.deepEqual(instance.log.map((line) => line.trimEnd()).sort(), [
    `err sh[${pid}]: err`,
    `info sh[${pid}]: Exit 2`,
    `info sh[${pid}]: no input`,
  ]);
  assert.equal(instance.rexec.size, 0);
});

test("a label stands in the log instead of the program, and finds the process", async () => {
  await using instance = await RexecInstance.start();
  const flux = await instance.connect();
  const pid = await start(flux, commandObject(["/bin/sleep", "100"], { label: "foo" }));
  assert.deepEqual(await list(flux), [{ pid, cmd: "/bin/sleep", label: "foo", state: "R" }]);
  const cmd = commandObject(["true"], { label: "foo" });
  await rejects(start(flux, cmd), "EEXIST", "command label is not unique");
  await flux.rpc("rexec.kill", { pid: -1, label: "foo", signum: 15 });
  await instance.logged(/Killed/);
  assert.deepEqual(instance.log, [`info foo: /bin/sleep[${pid}]: Killed by signal 15`]);
  await start(flux, cmd);
});

test("what the background does not take", async () => {
  await using instance = await RexecInstance.start();
  const flux = await instance.connect();
  const exec = (cmd: JsonObject, flags: number, local_flags = 0) =>
    flux.rpc("rexec.exec", { cmd, flags, local_flags });
  const cmd = commandObject(["true"]);
  const not = (what: string): string => `${what} not allowed in background mode`;
  await rejects(exec(cmd, ExecFlag.WRITE_CREDIT), "EINVAL", not("write-credit flag is"));
  const fallthrough = LocalFlag.STDIO_FALLTHROUGH;
  await rejects(exec(cmd, 0, fallthrough), "EINVAL", not("stdio-fallthrough flag is"));
  const channel = commandObject(["true"], { channels: ["A"] });
  await rejects(exec(channel, 0), "EINVAL", not("auxiliary channels are"));
  await rejects(exec(commandObject(["./nope"]), ExecFlag.WAITABLE), "ENOENT");
  assert.equal(instance.rexec.size, 0);
});

test("who waits gets the status and the latest output, once", async () => {
  await using instance = await RexecInstance.start();
  const flux = await instance.connect();
  const pid = await start(flux, commandObject("echo bye; exit 5"), ExecFlag.WAITABLE);
  await until(async () => (await list(flux))[0]!["state"] === "Z", "zombie");
  const waited = await flux.rpc("rexec.wait", { pid });
  assert.deepEqual(waited, { status: 0x500, output: [{ stream: "stdout", rank: "0", data: "bye\n" }] });
  assert.deepEqual(await list(flux), []);
  const unknown = `pid ${pid} does not belong to any subprocess`;
  await rejects(flux.rpc("rexec.wait", { pid }), "ESRCH", unknown);
});

test("who waits before the end waits for it, one at a time, until he goes", async () => {
  await using instance = await RexecInstance.start();
  const [flux, other] = [await instance.connect(), await instance.connect()];
  const cmd = commandObject(["sleep", "100"], { label: "l" });
  const pid = await start(flux, cmd, ExecFlag.WAITABLE);
  const first = rejects(other.rpc("rexec.wait", { pid }), "ECONNRESET");
  const occupied = flux.rpc("rexec.wait", { pid: -1, label: "l" });
  await rejects(occupied, "EINVAL", "process is already being waited on");
  const attach = collect(flux.stream("rexec.attach", { pid, flags: 0 }));
  await rejects(attach, "EBUSY", "subprocess is being waited on");
  await other.close();
  await first;
  const second = flux.rpc("rexec.wait", { pid });
  await flux.rpc("rexec.kill", { pid, signum: 9 });
  assert.deepEqual(await within(second, "status"), { status: 9 });
});

test("what can't be waited for or signalled", async () => {
  await using instance = await RexecInstance.start();
  const flux = await instance.connect();
  const pid = await start(flux, commandObject(["sleep", "100"]));
  await rejects(flux.rpc("rexec.wait", { pid }), "EINVAL", "process is not waitable");
  const unknown = "label x does not belong to any subprocess";
  await rejects(flux.rpc("rexec.wait", { pid, label: "x" }), "ESRCH", unknown);
  await rejects(flux.rpc("rexec.kill", { pid, label: "x", signum: 1 }), "ESRCH", unknown);
  await rejects(flux.rpc("rexec.kill", { pid, signum: 0 }), "EINVAL", null);
  await rejects(flux.rpc("rexec.kill", { pid, signum: 99 }), "EINVAL", "killpg: Invalid argument");
  await rejects(flux.rpc("rexec.kill", { pid: 1, signum: 9 }), "ESRCH");
  await rejects(
    flux.rpc("rexec.kill", { pid }),
    "EPROTO",
    "invalid request payload: Object item not found: signum",
  );
});

test("who attaches gets output and status from now on, the ends of streams too", async () => {
  await using instance = await RexecInstance.start();
  const flux = await instance.connect();
  const cmd = commandObject("echo early; exec 1>&-; while :; do echo tick >&2; sleep 0.01; done", {
    label: "t",
  });
  const pid = await start(flux, cmd);
  await instance.logged(/early/);
  await using attached = flux.stream("rexec.attach", { pid: -1, label: "t", flags: BOTH });
  const { type, pid: same, cmd: echoed } = (await attached.next()).value!;
  assert.deepEqual([type, same, (echoed as JsonObject)["cmdline"]], ["attached", pid, cmd["cmdline"]]);
  const ended = { type: "output", pid, io: { stream: "stdout", rank: "0", eof: true } };
  assert.deepEqual((await attached.next()).value, ended);
  const tick = { type: "output", pid, io: { stream: "stderr", rank: "0", data: "tick\n" } };
  assert.deepEqual((await attached.next()).value, tick);
  const more = collect(flux.stream("rexec.attach", { pid, flags: 0 }));
  await rejects(more, "EBUSY", "subprocess already has a client attached");
  await flux.rpc("rexec.kill", { pid, signum: 15 });
  const rest = await collect(attached);
  assert.deepEqual([rest.status, rest.ends], [15, { stderr: 1 }]);
  await instance.logged(/Killed by signal 15/);
});

test("who attaches may go: the process goes on, and another may attach", async () => {
  await using instance = await RexecInstance.start();
  const [flux, other] = [await instance.connect(), await instance.connect()];
  const pid = await start(flux, commandObject(["sleep", "100"]), ExecFlag.WAITABLE);
  const attached = other.stream("rexec.attach", { pid, flags: BOTH });
  await attached.next();
  await rejects(flux.rpc("rexec.wait", { pid }), "EBUSY", "subprocess has a client attached");
  await other.close();
  assert.equal((await list(flux))[0]!["state"], "R");
  const again = collect(flux.stream("rexec.attach", { pid, flags: BOTH }));
  await flux.rpc("rexec.kill", { pid, signum: 9 });
  assert.equal((await within(again, "end")).status, 9);
});

test("who attaches to one that has ended collects its status", async () => {
  await using instance = await RexecInstance.start();
  const flux = await instance.connect();
  const pid = await start(flux, commandObject("exit 7"), ExecFlag.WAITABLE);
  await until(async () => (await list(flux))[0]!["state"] === "Z", "zombie");
  const outcome = await collect(flux.stream("rexec.attach", { pid, flags: BOTH }));
  assert.deepEqual(outcome, {
    types: ["attached", "output", "finished"],
    output: { stdout: "", stderr: "" },
    ends: { stdout: 1, stderr: 1 },
    status: 0x700,
  });
  assert.equal(instance.rexec.size, 0);
  const gone = collect(flux.stream("rexec.attach", { pid, flags: BOTH }));
  await rejects(gone, "ENOENT", `pid ${pid} does not belong to any subprocess`);
});

test("what can't be attached to", async () => {
  await using instance = await RexecInstance.start();
  const flux = await instance.connect();
  await using foreground = flux.stream("rexec.exec", { cmd: commandObject(["sleep", "100"]), flags: 0 });
  const pid = Number((await foreground.next()).value!["pid"]);
  const attach = collect(flux.stream("rexec.attach", { pid, flags: 0 }));
  await rejects(attach, "EBUSY", "subprocess is not in background mode");
  const single = flux.rpc("rexec.attach", { pid, flags: 0 });
  await rejects(single, "EPROTO", "attach request is missing STREAMING flag");
});
