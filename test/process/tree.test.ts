import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BOOT_MS, BrokerProcesses } from "../helpers/broker-processes.ts";
import { TemporaryFolder } from "../helpers/temporary-folder.ts";
import { until } from "../helpers/until.ts";

describe("brokers in a tree", () => {
  test("carry requests and events between all ranks, and shut down from the leaves", async () => {
    await using folder = await TemporaryFolder.make();
    const brokers = await BrokerProcesses.configured(folder.path, { size: 3, topology: "kary:1" });
    try {
      for (const rank of [2, 0, 1]) brokers.start(rank);
      const handles = await Promise.all([0, 1, 2].map((rank) => brokers.connect(rank)));
      await Promise.all(handles.map((flux) => flux.rpc("state-machine.wait", {}, { timeoutMs: BOOT_MS })));
      assert.equal(await handles[2]!.attributes.get("hostlist"), "fake[0-2]");
      assert.equal(await handles[2]!.attributes.get("tbon.level"), "2");
      for (const flux of handles) {
        for (const nodeid of [0, 1, 2]) {
          const pong = await flux.rpc("broker.ping", { seq: 1 }, { nodeid, timeoutMs: BOOT_MS });
          assert.equal(pong["rank"], nodeid);
        }
        await assert.rejects(flux.rpc("broker.ping", {}, { nodeid: 3 }), { code: "EHOSTUNREACH" });
        await assert.rejects(flux.rpc("no.such"), { code: "ENOSYS" });
      }
      await assert.rejects(handles[0]!.rpc("broker.ping", {}, { upstream: true }), { code: "EHOSTUNREACH" });
      assert.equal((await handles[2]!.rpc("broker.ping", {}, { upstream: true }))["rank"], 1);

      const subscriptions = await Promise.all(
        handles.map(async (flux) => {
          const subscription = flux.subscribe("e.");
          await subscription.ready;
          return subscription;
        }),
      );
      for (let i = 0; i < 30; i++) await handles[i % 3]!.publish(`e.${i}`, { i });
      for (const subscription of subscriptions) {
        const seen: string[] = [];
        const numbers: number[] = [];
        for await (const event of subscription) {
          seen.push(event.topic);
          numbers.push(event.seq);
          if (seen.length === 30) break;
        }
        assert.deepEqual(
          seen,
          Array.from({ length: 30 }, (_, i) => `e.${i}`),
        );
        assert.deepEqual(
          numbers,
          numbers.map((_, i) => numbers[0]! + i),
        );
      }

      const { status, children } = await handles[0]!.rpc("overlay.health");
      assert.equal(status, "full");
      assert.equal((children as { rank: number }[])[0]!.rank, 1);
      const online = await handles[0]!.rpc("groups.get", { name: "broker.online" });
      assert.deepEqual(online, { members: "0-2" });
      await handles[0]!.rpc("config.load", { a: { b: 1 } });
      for await (const config of handles[2]!.stream("config.get")) {
        if (JSON.stringify(config) === '{"a":{"b":1}}') break;
      }

      await handles[0]!.rpc("shutdown.start", { loglevel: 3 });
      const outcomes = await Promise.all([...brokers.processes.values()].map(({ outcome }) => outcome));
      assert.deepEqual(
        outcomes.map(({ status: exit, stderr }) => [exit, stderr]),
        [0, 1, 2].map(() => [0, ""]),
      );
      await Promise.all(handles.map((flux) => flux.close()));
    } finally {
      await brokers.kill();
    }
  });

  test("a rank that is killed is missed at once by who waits for it, and may come back", async () => {
    await using folder = await TemporaryFolder.make();
    const brokers = await BrokerProcesses.configured(folder.path, { size: 2, topology: "kary:2" });
    try {
      for (const rank of [0, 1]) brokers.start(rank);
      await using leader = await brokers.connect(0);
      await leader.rpc("state-machine.wait", {}, { timeoutMs: BOOT_MS });
      {
        await using leaf = await brokers.connect(1);
        await using _service = await leaf.serve("slow", { wait: () => new Promise(() => {}) });
        const pending = leader.rpc("slow.wait", {}, { nodeid: 1 });
        await until(
          async () => (await leader.rpc("overlay.stats-get"))["child-rpc"] === 1,
          "the request is on its way",
          BOOT_MS,
        );
        brokers.processes.get(1)!.child.kill("SIGKILL");
        await brokers.processes.get(1)!.outcome;
        await assert.rejects(pending, { code: "EHOSTUNREACH" });
        await assert.rejects(leader.rpc("broker.ping", {}, { nodeid: 1, timeoutMs: BOOT_MS }), {
          code: "EHOSTUNREACH",
        });
      }
      assert.equal((await leader.rpc("overlay.health"))["status"], "degraded");
      brokers.start(1);
      const back = async () => (await leader.rpc("overlay.health"))["status"] === "full";
      await until(back, "the child is back", BOOT_MS);
      const pong = await leader.rpc("broker.ping", {}, { nodeid: 1, timeoutMs: BOOT_MS });
      assert.equal(pong["rank"], 1);
      await leader.rpc("shutdown.start", { loglevel: 3 });
      assert.equal((await brokers.processes.get(0)!.outcome).status, 0);
    } finally {
      await brokers.kill();
    }
  });
});
