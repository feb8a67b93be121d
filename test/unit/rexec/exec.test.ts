import assert from "node:assert/strict";
import { realpath } from "node:fs/promises";
import { test } from "node:test";
import { ExecFlag, LocalFlag } from "../../../src/rexec/index.ts";
import { drain, rejects } from "../../helpers/rejects.ts";
import { commandObject, isAlive, RexecInstance, run } from "../../helpers/rexec-instance.ts";
import { TemporaryFolder } from "../../helpers/temporary-folder.ts";
import { until } from "../../helpers/until.ts";

test("a command's output comes by stream, each ends once, then its status", async () => {
  await using instance = await RexecInstance.start();
  const flux = await instance.connect();
  const outcome = await run(flux, commandObject("echo out; echo err >&2; printf end; exit 3"));
  assert.equal(outcome.types[0], "started");
  assert.equal(outcome.types.filter((type) => type === "finished").length, 1);
  assert.deepEqual(outcome.output, { stdout: "out\nend", stderr: "err\n" });
  assert.deepEqual(outcome.ends, { stdout: 1, stderr: 1 });
  assert.equal(outcome.status, 0x300);
  assert.equal(instance.rexec.size, 0);
  assert.deepEqual(instance.log, []);
});

test("each line is a response of its own unless its command says otherwise", async () => {
  await using instance = await RexecInstance.start();
  const flux = await instance.connect();
  const data = async (opts: Record<string, string>): Promise<unknown[]> => {
    const cmd = commandObject("printf 'a\\nb\\n'; printf c", { opts });
    const { items } = await drain(flux.stream("rexec.exec", { cmd, flags: ExecFlag.STDOUT }));
    return items
      .map(({ io }) => (io as { data?: string } | undefined)?.data)
      .filter((text) => text !== undefined);
  };
  assert.deepEqual(await data({}), ["a\n", "b\n", "c"]);
  assert.deepEqual(await data({ stdout_BUFSIZE: "1" }), ["a", "\n", "b", "\n", "c"]);
  assert.equal((await data({ stdout_LINE_BUFFER: "false" })).join(""), "a\nb\nc");
});

test("bytes that are no text come in base64, in one response with their process id", async () => {
  await using instance = await RexecInstance.start();
  const flux = await instance.connect();
  const cmd = commandObject("printf '\\377\\n'");
  const { items } = await drain(flux.stream("rexec.exec", { cmd, flags: ExecFlag.STDOUT }));
  const [started, output] = items;
  assert.deepEqual(output, {
    type: "output",
    pid: started!["pid"]!,
    io: { stream: "stdout", rank: "0", encoding: "base64", data: "/wo=" },
  });
});

test("streams that nobody asked for are not sent", async () => {
  await using instance = await RexecInstance.start();
  const flux = await instance.connect();
  const outcome = await run(flux, commandObject("echo out; echo err >&2"), ExecFlag.STDERR);
  assert.deepEqual(outcome.output, { stderr: "err\n" });
  assert.deepEqual((await run(flux, commandObject("echo out"), 0)).types, ["started", "finished"]);
});

test("a process has the environment of its command, and FLUX_URI of the broker", async () => {
  const inherited = { PATH: process.env["PATH"], OF_BROKER: "1", NOTIFY_SOCKET: "x" };
  await using instance = await RexecInstance.start({ env: inherited });
  const flux = await instance.connect();
  const env = {
    PATH: process.env["PATH"]!,
    MINE: "2",
    FLUX_URI: "local:///elsewhere",
    FLUX_PROXY_REMOTE: "x",
  };
  const given = (await run(flux, commandObject(["env"], { env }))).output["stdout"]!.split("\n");
  assert.deepEqual(
    given.filter((line) => /^(FLUX|MINE|OF_|NOTIFY)/.test(line)).sort(),
    [`FLUX_URI=${instance.instance.uri}`, "MINE=2"].sort(),
  );
  const none = (await run(flux, commandObject(["env"], { env: {} }))).output["stdout"]!.split("\n");
  assert.deepEqual(
    none.filter((line) => /^(FLUX|MINE|OF_|NOTIFY)/.test(line)).sort(),
    [`FLUX_URI=${instance.instance.uri}`, "OF_BROKER=1"].sort(),
  );
});

test("a process starts in the directory of its command, or in /tmp and says so", async () => {
  await using instance = await RexecInstance.start();
  const flux = await instance.connect();
  await using folder = await TemporaryFolder.make();
  const there = await run(flux, commandObject(["pwd"], { cwd: folder.path }));
  assert.equal(there.output["stdout"], `${await realpath(folder.path)}\n`);
  const cwd = folder.of("gone");
  const elsewhere = await run(flux, commandObject(["pwd"], { cwd }));
  assert.deepEqual(elsewhere.output, {
    stdout: "/tmp\n",
    stderr: `Could not change dir to ${cwd}: No such file or directory. Going to /tmp instead\n`,
  });
});

test("a command that can't be run fails with the reason", async () => {
  await using instance = await RexecInstance.start();
  const flux = await instance.connect();
  const launch = (reason: string): string => `error launching process: ${reason}`;
  await rejects(run(flux, commandObject(["./nope"])), "ENOENT", launch("No such file or directory"));
  await rejects(run(flux, commandObject(["/"])), "EACCES", launch("Permission denied"));
  await rejects(run(flux, commandObject(["true", "a\0b"])), "EINVAL", launch("Invalid argument"));
  await rejects(run(flux, commandObject(["true"]), 0, 64), "EINVAL", launch("Invalid argument"));
  const opts = { stdin_BUFSIZE: "0" };
  await rejects(run(flux, commandObject(["true"], { opts })), "EINVAL", launch("Invalid argument"));
  const channels = ["stdin"];
  await rejects(run(flux, commandObject(["true"], { channels })), "EEXIST", launch("File exists"));
  assert.equal(instance.rexec.size, 0);
});

test("what is no request for a process", async () => {
  await using instance = await RexecInstance.start();
  const flux = await instance.connect();
  const cmd = commandObject(["true"]);
  const exec = (payload?: object) =>
    drain(flux.stream("rexec.exec", payload)).then(({ error }) => Promise.reject(error));
  await rejects(exec(), "EPROTO", "failed to unpack request: Protocol error");
  await rejects(exec({ cmd }), "EPROTO", "invalid request payload: Object item not found: flags");
  await rejects(exec({ cmd: {}, flags: 0 }), "EPROTO", "error parsing command string");
  await rejects(exec({ cmd: commandObject([]), flags: 0 }), "EPROTO", "command string is empty");
  await rejects(exec({ cmd, flags: 0, signature: "x" }), "EPERM", "flux-security support not available");
  await rejects(exec({ cmd, flags: 16 }), "EINVAL", "waitable flag only supported in background mode");
});

test("a process leads a group of its own, unless it may not", async () => {
  await using instance = await RexecInstance.start();
  const flux = await instance.connect();
  const group = async (localFlags: number): Promise<boolean> => {
    const cmd = commandObject('set -- $(cat /proc/$$/stat); [ "$5" = $$ ] && echo own');
    return (await run(flux, cmd, ExecFlag.STDOUT, localFlags)).output["stdout"] === "own\n";
  };
  assert.equal(await group(0), true);
  assert.equal(await group(LocalFlag.NO_SETPGRP), false);
});

test("a signal that ends a process is in its status", async () => {
  await using instance = await RexecInstance.start();
  const flux = await instance.connect();
  assert.equal((await run(flux, commandObject("kill -11 $$"))).status, 11);
});

test("a process whose output something else holds open is not over", async () => {
  await using instance = await RexecInstance.start();
  const flux = await instance.connect();
  await using responses = flux.stream("rexec.exec", {
    cmd: commandObject("sleep 100 & exit 0"),
    flags: ExecFlag.STDOUT,
  });
  const { pid } = (await responses.next()).value!;
  assert.deepEqual((await responses.next()).value, { type: "finished", status: 0 });
  const { procs } = await flux.rpc("rexec.list");
  assert.deepEqual(procs, [{ pid: pid!, cmd: "sh", label: "", state: "R" }]);
  await flux.rpc("rexec.kill", { pid: pid!, signum: 15 });
  const { items } = await drain(responses);
  assert.deepEqual(
    items.map(({ io }) => io),
    [{ stream: "stdout", rank: "0", eof: true }],
  );
});

test("who leaves ends the process: by a cancel, and by closing the connection", async () => {
  await using instance = await RexecInstance.start();
  const cmd = commandObject("trap '' TERM; sleep 100 & wait");
  for (const leave of ["cancel", "close"] as const) {
    const flux = await instance.connect();
    const responses = flux.stream("rexec.exec", { cmd, flags: 0 });
    const pid = Number((await responses.next()).value!["pid"]);
    assert.equal(isAlive(pid), true);
    await (leave === "cancel" ? responses.return() : flux.close());
    await until(() => !isAlive(-pid) && instance.rexec.size === 0, `group ${pid} is gone by ${leave}`);
  }
});

test("a stopped process is told of", async () => {
  await using instance = await RexecInstance.start();
  const flux = await instance.connect();
  await using responses = flux.stream("rexec.exec", { cmd: commandObject(["sleep", "100"]), flags: 0 });
  const pid = Number((await responses.next()).value!["pid"]);
  await flux.rpc("rexec.kill", { pid, signum: 19 });
  assert.deepEqual((await responses.next()).value, { type: "stopped" });
  await flux.rpc("rexec.kill", { pid, signum: 9 });
  assert.deepEqual((await responses.next()).value, { type: "finished", status: 9 });
});
