import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "../../src/connect/index.ts";
import { until } from "../helpers/until.ts";
import { chainStatus, type Handles, overlayStatus, STEP_MS } from "./mixes.ts";

/**
 * Tests what makes one instance of the ranks: attributes, groups, the configuration, the log, the status of the tree. `said` is what rank 0 has
 * written to its stderr.
 */
export function testInstance(handles: Handles, said: () => string): void {
  const timeoutMs = STEP_MS;

  test("all ranks agree on the instance and on their places in it", async () => {
    const all = handles();
    for (const [rank, flux] of all.entries()) {
      const expected = {
        rank: String(rank),
        size: String(all.length),
        hostlist: `fake[0-${all.length - 1}]`,
        "tbon.level": String(rank),
        "tbon.maxlevel": String(all.length - 1),
        "tbon.descendants": String(all.length - 1 - rank),
        "broker.critical-ranks": all.length === 2 ? "0" : "0-1",
      };
      for (const [name, value] of Object.entries(expected))
        assert.equal(await flux.attributes.get(name), value, `${name} of rank ${rank}`);
    }
  });

  test("rank 0 knows who of all ranks is in a group, and forgets who goes", async () => {
    const all = handles();
    const ranks = `0-${all.length - 1}`;
    const members = async (name: string) =>
      (await all[0]!.rpc("groups.get", { name }, { timeoutMs }))["members"];
    assert.equal(await members("broker.online"), ranks);
    const joined = await Promise.all(all.map(({ uri }) => connect(uri, { env: {} })));
    for (const flux of joined) await flux.rpc("groups.join", { name: "mix" }, { timeoutMs });
    await until(async () => (await members("mix")) === ranks, `${ranks} are in the group`, STEP_MS);
    await joined.at(-1)!.rpc("groups.leave", { name: "mix" }, { timeoutMs });
    const others = all.length === 2 ? "0" : "0-1";
    await until(async () => (await members("mix")) === others, `${others} are in the group`, STEP_MS);
    await Promise.all(joined.map((flux) => flux.close()));
    await until(async () => (await members("mix")) === "", "nobody is in the group", STEP_MS);
  });

  test("a configuration that rank 0 loads is that of all ranks", async () => {
    const all = handles();
    const before = await all[0]!.rpc("config.get", undefined, { timeoutMs });
    for (const config of [{ ...before, mix: { n: 7, real: 2, list: ["a", true] } }, before]) {
      await all[0]!.rpc("config.load", config, { timeoutMs });
      const wanted = JSON.stringify(config);
      for (const [rank, flux] of all.entries()) {
        const has = async () =>
          JSON.stringify(await flux.rpc("config.get", undefined, { timeoutMs })) === wanted;
        await until(has, `rank ${rank} has ${wanted}`, STEP_MS);
      }
    }
  });

  test("errors that any rank logs are said by rank 0, under that rank", async () => {
    const all = handles();
    for (const [rank, flux] of all.entries()) {
      await flux.log("warning", "not forwarded", { appname: "mix" });
      await flux.log("err", `of ${rank}`, { appname: "mix" });
    }
    for (const rank of all.keys())
      await until(
        () => said().includes(` mix.err[${rank}]: of ${rank}\n`),
        `rank 0 says it of ${rank}`,
        STEP_MS,
      );
    assert(!said().includes("not forwarded"), said());
  });

  test("no request is held for waiting that has its answer", async () => {
    for (const [rank, flux] of handles().entries()) {
      const waiting = async () => {
        const stats = await flux.rpc("overlay.stats-get", undefined, { timeoutMs });
        return `${stats["child-rpc"]} below, ${stats["parent-rpc"]} above`;
      };
      // Of its parent a rank follows the state and the configuration.
      const rest = `0 below, ${rank === 0 ? 0 : 2} above`;
      await until(
        async () => (await waiting()) === rest,
        `${rest} wait at rank ${rank}: ${await waiting()}`,
        STEP_MS,
      );
    }
  });

  test("flux overlay status is full, asked at any rank", async () => {
    const all = handles();
    for (const flux of all) assert.equal(await overlayStatus(flux), chainStatus(all.map(() => "full")));
  });
}
