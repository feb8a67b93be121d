import assert from "node:assert/strict";
import { test } from "node:test";
import type { Flux } from "../../src/client/index.ts";
import type { BrokerProcesses } from "../helpers/broker-processes.ts";
import { until, within } from "../helpers/until.ts";
import { subscribeAll } from "./mixed-events.ts";
import { chainStatus, forAllPairs, overlayStatus, runs, STEP_MS } from "./mixes.ts";

/** Tests how a leaf is lost, leaves and comes back; its handle is then another. */
export function testLosses(size: number, handles: Flux[], brokers: () => BrokerProcesses): void {
  const timeoutMs = STEP_MS;
  const last = size - 1;
  /** The handles of the ranks that stay. */
  const others = (): Flux[] => handles.slice(0, last);
  const online = async () =>
    (await handles[0]!.rpc("groups.get", { name: "broker.online" }, { timeoutMs }))["members"];
  const health = async () => (await handles[0]!.rpc("overlay.health", undefined, { timeoutMs }))["status"];
  /** The status of a chain whose leaf is not there. */
  const without = (others: string, leaf: string): string =>
    chainStatus(handles.map((_, rank) => (rank === last ? leaf : others)));

  /** Starts the leaf again; resolves when it takes part as before. */
  const comeBack = async (): Promise<void> => {
    await handles[last]!.close();
    const leaf = brokers().start(last);
    const back = async () => {
      assert(!leaf.ended, leaf.stderr);
      return (await health()) === "full";
    };
    await until(back, "the tree is full", STEP_MS);
    handles[last] = await brokers().connect(last);
    await runs(handles[last]!);
    await until(async () => (await online()) === `0-${last}`, "all are online", STEP_MS);
    assert.equal(await overlayStatus(handles[0]!), chainStatus(handles.map(() => "full")));
    await forAllPairs(handles, async (flux, _from, nodeid) => {
      assert.equal((await flux.ping("broker", { nodeid, timeoutMs })).rank, nodeid);
    });
    const subscriptions = await subscribeAll(handles, "back.");
    for (const [rank, flux] of handles.entries()) {
      const { seq } = await flux.publish(`back.${rank}`, {}, { timeoutMs });
      for (const subscription of subscriptions) {
        const { value } = await within(subscription.next(), `back.${rank} everywhere`, STEP_MS);
        assert.deepEqual([value?.topic, value?.seq], [`back.${rank}`, seq]);
      }
    }
    await Promise.all(subscriptions.map((subscription) => subscription.close()));
  };

  test("a leaf that is killed takes what waits for it along, and comes back", async () => {
    let held = 0;
    const service = {
      request: () => {
        held++;
      },
    };
    await handles[last]!.serve("slow", { once: service, many: { ...service, streaming: true } });
    const nodeid = last;
    const waiting = others().flatMap((flux) => [
      flux.rpc("slow.once", {}, { nodeid, timeoutMs }),
      flux.stream("slow.many", {}, { nodeid, timeoutMs }).next(),
    ]);
    const failures = Promise.allSettled(waiting);
    await until(() => held === waiting.length, "the requests are there", STEP_MS);
    const leaf = brokers().processes.get(nodeid)!;
    assert.equal((await leaf.end("SIGKILL")).signal, "SIGKILL");
    // Its parent finds out by the next message for it.
    const missed = async () => {
      await handles[0]!.publish("poke", {}, { timeoutMs });
      return (await health()) === "degraded";
    };
    await until(missed, "the leaf is missed", STEP_MS);
    for (const outcome of await within(failures, "what waits fails", STEP_MS)) {
      assert.equal(outcome.status, "rejected");
      assert.equal(outcome.reason.code, "EHOSTUNREACH");
    }
    for (const flux of others()) {
      await assert.rejects(flux.rpc("broker.ping", {}, { nodeid, timeoutMs }), { code: "EHOSTUNREACH" });
      assert.equal(await overlayStatus(flux), without("degraded", "lost lost connection"));
    }
    await until(async () => (await online()) === (last === 1 ? "0" : "0-1"), "it is not online", STEP_MS);
    for (const [rank, flux] of others().entries()) {
      const stats = await flux.rpc("overlay.stats-get", undefined, { timeoutMs });
      // Of its parent a rank follows the state and the configuration.
      assert.deepEqual([stats["child-rpc"], stats["parent-rpc"]], [0, rank === 0 ? 0 : 2]);
    }
    await comeBack();
  });

  test("a leaf that leaves in order is missed as such, and comes back", async () => {
    const { status, stderr } = await brokers().processes.get(last)!.end("SIGTERM");
    assert.deepEqual([status, stderr], [0, ""]);
    await until(async () => (await health()) === "partial", "the leaf is missed", STEP_MS);
    assert.equal(await overlayStatus(handles[0]!), without("partial", "offline administrative shutdown"));
    for (const flux of others()) {
      await assert.rejects(flux.rpc("broker.ping", {}, { nodeid: last, timeoutMs }), {
        code: "EHOSTUNREACH",
      });
    }
    await comeBack();
  });
}
