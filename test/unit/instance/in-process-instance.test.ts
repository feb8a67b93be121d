import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { resolve } from "node:path";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { ConfigStore } from "../../../src/config/index.ts";
import { connect } from "../../../src/connect/index.ts";
import { InProcessInstance, type InProcessInstanceOptions } from "../../../src/instance/index.ts";
import { rejects } from "../../helpers/rejects.ts";
import { TemporaryFolder } from "../../helpers/temporary-folder.ts";
import { until, within } from "../../helpers/until.ts";

const run = promisify(execFile);
const ENV = { ...process.env, FLUX_URI: undefined };

async function start(options: InProcessInstanceOptions): Promise<InProcessInstance> {
  const instance = await InProcessInstance.start({ env: ENV, printLog: () => {}, ...options });
  await within(instance.running(), "all ranks run");
  return instance;
}

describe("an instance in one process", () => {
  test("is one tree: each rank has a socket, knows its place, and reaches every other", async () => {
    const instance = await start({ size: 7, topology: "kary:2" });
    const rundir = instance.ranks[0]!.rundir.path;
    const sockets = Array.from({ length: 7 }, (_, rank) => [`local-${rank}`, `local-${rank}.lock`]).flat();
    assert.deepEqual(readdirSync(rundir).sort(), sockets);
    assert.deepEqual([instance.size, instance.state, instance.uri], [7, "run", `local://${rundir}/local-0`]);
    {
      await using flux = await connect(instance.ranks[6]!.uri, { env: {} });
      for (let nodeid = 0; nodeid < 7; nodeid++)
        assert.equal((await flux.rpc("broker.ping", {}, { nodeid }))["rank"], nodeid);
      await rejects(flux.rpc("broker.ping", {}, { nodeid: 7 }), "EHOSTUNREACH");
      const attribute = (name: string) => flux.attributes.get(name);
      assert.equal(await attribute("broker.boot-method"), "in-process");
      assert.equal(await attribute("broker.mapping"), "[[0,1,7,1]]");
      assert.equal(await attribute("broker.critical-ranks"), "0-2");
      assert.deepEqual([await attribute("tbon.level"), await attribute("instance-level")], ["2", "0"]);
      assert.equal(await attribute("tbon.parent-endpoint"), "inproc://tbon-2");
      assert.equal((await attribute("hostlist"))!.split(",").length, 7);
      assert.deepEqual(await flux.rpc("groups.get", { name: "broker.online" }, { nodeid: 0 }), {
        members: "0-6",
      });
    }
    await instance.stop();
    assert.equal(await instance.exit, 0);
    assert.deepEqual(await Promise.all(instance.ranks.map(({ exit }) => exit)), Array(7).fill(0));
    assert.equal(existsSync(rundir), false);
  });

  test("runs the initial program at rank 0 and ends with it, from the leaves", async () => {
    const instance = await InProcessInstance.start({
      size: 4,
      topology: "kary:1",
      env: ENV,
      printLog: () => {},
      program: ["sh", "-c", "test -S $(echo $FLUX_URI | cut -c9-) && exit 7"],
    });
    const gone: number[] = [];
    for (const [rank, each] of instance.ranks.entries())
      each.watch((state) => void (state === "finalize" && gone.push(rank)));
    assert.equal(await within(instance.exit, "the end"), 7);
    assert.deepEqual(gone, [3, 2, 1, 0]);
  });

  test("gives all ranks the configuration of rank 0, now and later", async () => {
    const config = new ConfigStore({ config: { a: { b: 1 } } });
    await using instance = await start({ size: 3, topology: "kary:1", config });
    await using flux = instance.ranks[2]!.broker.connect();
    assert.deepEqual(await flux.rpc("config.get"), { a: { b: 1 } });
    await using root = instance.ranks[0]!.broker.connect();
    await root.rpc("config.load", { a: { b: 2 } });
    for await (const now of flux.stream("config.get")) if (JSON.stringify(now) === '{"a":{"b":2}}') break;
  });

  test("lets no rank live when one can't start", async () => {
    await using folder = await TemporaryFolder.make({ "local-2": "in the way" });
    const attributes = { rundir: folder.path };
    await rejects(start({ size: 4, attributes }), "EADDRINUSE");
    assert.deepEqual(readdirSync(folder.path), ["local-2"]);
    await rejects(start({ size: 0 }), "EINVAL");
    await rejects(start({ size: 2, topology: "nonesuch" }), "EINVAL");
    await rejects(start({ size: 2, attributes: { "no.such": "1" } }), "ENOENT", "no.such: unknown attribute");
  });

  test("a leaf that crashes is missed at once by who waits for it, and may come back", async () => {
    const lines: string[] = [];
    await using instance = await start({
      size: 7,
      topology: "kary:2",
      onLog: ({ message }) => lines.push(message),
    });
    await using far = instance.ranks[3]!.broker.connect();
    await using near = instance.ranks[6]!.broker.connect();
    let reached = false;
    const hold = () => {
      reached = true;
    };
    await near.serve("hold", { hold: { request: hold } });
    const pending = rejects(far.rpc("hold.hold", {}, { nodeid: 6 }), "EHOSTUNREACH");
    await until(() => reached, "the request at rank 6");
    await instance.crash(6);
    await within(pending, "the failure of the request");
    assert.equal(await instance.ranks[6]!.exit, 137);
    assert.equal(near.status, "closed");
    await rejects(far.rpc("broker.ping", {}, { nodeid: 6 }), "EHOSTUNREACH");
    await until(() => lines.some((line) => line.includes("(rank 6) failed")), "a line in the log");

    await instance.restart(6);
    await within(instance.running(), "rank 6 runs");
    assert.equal((await far.rpc("broker.ping", {}, { nodeid: 6 }))["rank"], 6);
    await rejects(instance.restart(6), "EEXIST", "rank 6 has not ended");
    await instance.stop();
    assert.equal(await instance.exit, 0);
  });

  test("ranks below one that crashes end too; all may come back", async () => {
    await using instance = await start({ size: 7, topology: "kary:2" });
    await using below = instance.ranks[4]!.broker.connect();
    let reached = false;
    const hold = () => {
      reached = true;
    };
    await using root = instance.ranks[0]!.broker.connect();
    await root.serve("hold", { hold: { request: hold } });
    const pending = rejects(below.rpc("hold.hold"), "EHOSTUNREACH");
    await until(() => reached, "the request at rank 0");
    await within(instance.crash(1), "the end of the subtree");
    await within(pending, "the failure of the request");
    assert.deepEqual(await Promise.all([1, 3, 4].map((rank) => instance.ranks[rank]!.exit)), [137, 1, 1]);
    await rejects(root.rpc("broker.ping", {}, { nodeid: 4 }), "EHOSTUNREACH");
    for (const rank of [1, 3, 4]) await instance.restart(rank);
    await within(instance.running(), "the subtree runs");
    assert.equal((await root.rpc("broker.ping", {}, { nodeid: 4 }))["rank"], 4);
  });

  test("does not outlive the crash of rank 0", async () => {
    const instance = await start({ size: 3 });
    await within(instance.crash(0), "the end");
    assert.equal(await instance.exit, 137);
    await rejects(instance.restart(0), "EINVAL");
    await instance.stop();
  });

  test("loads no ZeroMQ", async () => {
    const source = resolve(import.meta.dirname, "../../../src/instance/index.ts");
    const program = `
      import { InProcessInstance } from ${JSON.stringify(source)};
      const instance = await InProcessInstance.start({ size: 3 });
      await instance.running();
      await instance.stop();
      const native = process.report.getReport().sharedObjects.filter((path) => /zeromq/.test(path));
      console.log(JSON.stringify(native));`;
    const args = ["--import", "tsx", "--input-type=module", "-e", program];
    const { stdout, stderr } = await run(process.execPath, args, { env: ENV, timeout: 30_000 });
    assert.deepEqual([stdout, stderr], ["[]\n", ""]);
  });
});
