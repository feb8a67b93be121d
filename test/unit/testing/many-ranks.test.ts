import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import { ConfigStore } from "../../../src/config/index.ts";
import { TestInstance } from "../../../src/testing/index.ts";
import { rejects } from "../../helpers/rejects.ts";
import { until } from "../../helpers/until.ts";

test("an instance of many ranks runs, and each of them takes handles", async () => {
  const config = new ConfigStore({ config: { a: 1 } });
  const instance = await TestInstance.start({ size: 4, topology: "kary:2", config, logLevel: "info" });
  assert.equal(instance.uris.length, 4);
  assert.equal(instance.uris[0], instance.uri);
  assert.equal(instance.broker, instance.brokers[0]);
  assert.equal(dirname(instance.uris[3]!), dirname(instance.uri));
  const [here, there] = [await instance.connect(), await instance.connect({ rank: 3 })];
  assert.deepEqual([(await here.ping()).rank, (await there.ping()).rank], [0, 3]);
  assert.equal(await there.attributes.get("log-level"), "6");
  assert.deepEqual(await there.rpc("config.get"), { a: 1 });
  const subscription = there.subscribe("e");
  await subscription.ready;
  await here.publish("e", { i: 1 });
  const { value } = await subscription.next();
  assert.equal(value?.seq, 1);
  await rejects(instance.connect({ rank: 4 }), "EINVAL", "there is no rank 4");
  await instance.stop();
  await instance.stop();
  assert.deepEqual([here.status, there.status], ["closed", "closed"]);
  assert.equal(existsSync(dirname(instance.uri.slice("local://".length))), false);
});

test("a handle that reconnects lives through the crash of its rank", async () => {
  const lines: string[] = [];
  await using instance = await TestInstance.start({
    size: 3,
    topology: "kary:1",
    onLog: ({ message }) => lines.push(message),
  });
  const flux = await instance.connect({ rank: 2, reconnect: true });
  const before = instance.uris[2];
  await instance.crash(2);
  await until(() => flux.status !== "connected", "the loss of the connection");
  await instance.restart(2);
  assert.equal(instance.uris[2], before);
  await until(() => flux.status === "connected", "the connection");
  assert.equal((await flux.ping()).rank, 2);
  assert(lines.some((line) => line.includes("(rank 2) failed")));
  await rejects(instance.restart(2), "EEXIST");
});

test("an instance of one rank ends when it crashes", async () => {
  await using instance = await TestInstance.start();
  const flux = await instance.connect();
  await rejects(instance.crash(1), "EINVAL", "there is no rank 1");
  await instance.crash(0);
  await until(() => flux.status === "closed", "the loss of the connection");
  await rejects(instance.restart(0), "EINVAL");
});

test("many ranks want a configuration that can be passed on", async () => {
  const config = { current: {}, listen: () => () => {} };
  await rejects(TestInstance.start({ size: 2, config }), "EINVAL");
});
