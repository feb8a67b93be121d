import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigStore, configMethods } from "../../../src/config/index.ts";
import type { JsonObject } from "../../../src/json/index.ts";
import { applyHeartbeatArgs, readHeartbeatConfig } from "../../../src/module/bundled/heartbeat-settings.ts";
import { ModuleInstance } from "../../helpers/module-instance.ts";
import { rejects } from "../../helpers/rejects.ts";

test("it beats at once, and in its period", async () => {
  await using at = await ModuleInstance.start();
  await using pulse = at.flux.subscribe("heartbeat.");
  await pulse.ready;
  await at.load("heartbeat", ["period=10ms"]);
  for (let beat = 0; beat < 3; beat++) {
    const event = await pulse.next();
    assert.deepEqual([event.value?.topic, event.value?.payload], ["heartbeat.pulse", undefined]);
  }
  const { period, timeout, count, warn_thresh } = await at.flux.rpc("heartbeat.stats-get");
  assert.deepEqual([period, timeout, warn_thresh], [0.01, 300, 3]);
  assert(Number(count) >= 3);
  assert.match((await at.flux.call("heartbeat.stats-get")).text ?? "", /"timeout":300\.0,/, "C reads a real");
  await at.remove("heartbeat");
});

test("a period that is longer than any timer is no short one", async () => {
  await using at = await ModuleInstance.start();
  await at.load("heartbeat", ["period=30d"]);
  for (let i = 0; i < 100; i++) await at.flux.ping();
  assert.equal((await at.flux.rpc("heartbeat.stats-get"))["count"], 1);
});

test("a configuration changes it while it runs, or is refused", async () => {
  const store = new ConfigStore();
  await using at = await ModuleInstance.start({ config: store });
  at.instance.broker.addService("config", configMethods(store, 0));
  await at.load("heartbeat", ["period=10s"]);
  const period = async () => (await at.flux.rpc("heartbeat.stats-get"))["period"];
  assert.equal(await period(), 10);
  await at.flux.call("config.load", { heartbeat: { period: "5s", timeout: "1m" } });
  assert.equal(await period(), 5);
  const refused = at.flux.call("config.load", { heartbeat: { period: 4 } });
  const { message } = await rejects(refused, "EINVAL");
  assert.match(message, /^error updating heartbeat: error reading \[heartbeat\] config table: /);
  assert.equal(await period(), 5);
  await at.flux.call("config.load", {});
  assert.equal(await period(), 2, "without a table it is as it was made");
});

test("its table of the configuration", () => {
  const read = (heartbeat: JsonObject) => readHeartbeatConfig({ heartbeat });
  assert.deepEqual(readHeartbeatConfig({}), { periodMs: 2000, timeoutMs: 300_000, warnThresh: 3 });
  assert.deepEqual(read({ period: "0.5s", timeout: "infinity", warn_thresh: 10 }), {
    periodMs: 500,
    timeoutMs: -1,
    warnThresh: 10,
  });
  assert.equal(read({ timeout: "0" }).timeoutMs, -1);
  const wrong: [JsonObject, RegExp][] = [
    [{ period: "zzz" }, /error parsing heartbeat.period FSD value/],
    [{ period: "0" }, /heartbeat.period must be a positive FSD value/],
    [{ timeout: "42z" }, /error parsing heartbeat.timeout FSD value/],
    [{ timeout: "3s" }, /heartbeat.timeout must be >= 2\*heartbeat.period, infinity, or 0/],
    [{ warn_thresh: -1 }, /heartbeat.warn_thresh must be positive/],
    [{ z: 42 }, /1 object item\(s\) left unpacked: z/],
    [{ timeout: 42 }, /Expected string, got integer/],
  ];
  for (const [table, text] of wrong) assert.throws(() => read(table), { code: "EINVAL", message: text });
});

test("its arguments", () => {
  const settings = readHeartbeatConfig({});
  assert.equal(applyHeartbeatArgs(settings, ["period=1s"]).periodMs, 1000);
  assert.throws(() => applyHeartbeatArgs(settings, ["period=1x"]), {
    code: "EINVAL",
    message: /error parsing FSD/,
  });
  assert.throws(() => applyHeartbeatArgs(settings, ["foo=42"]), {
    code: "EINVAL",
    message: "foo=42: unknown option",
  });
});
