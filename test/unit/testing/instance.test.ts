import assert from "node:assert/strict";
import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import { connect } from "../../../src/connect/index.ts";
import { FluxCoreInstance, TestInstance } from "../../../src/testing/index.ts";
import { rejects } from "../../helpers/rejects.ts";
import { until } from "../../helpers/until.ts";

test("an instance has a socket in a private folder, both gone at its end, its handles closed", async () => {
  const instance = await TestInstance.start({ attributes: { "test.a": "1" } });
  const path = instance.uri.slice("local://".length);
  assert.equal(statSync(dirname(path)).mode & 0o777, 0o700);
  const flux = await instance.connect();
  assert.equal(await flux.attributes.get("test.a"), "1");
  assert.equal(instance.broker.uri, instance.uri);
  await instance.stop();
  await instance.stop();
  assert.equal(flux.status, "closed");
  assert.equal(existsSync(dirname(path)), false);
});

test("instances are apart from each other and from the environment", async () => {
  await using one = await TestInstance.start();
  await using other = await TestInstance.start();
  assert.notEqual(one.uri, other.uri);
  const [here, there] = [await one.connect(), await other.connect()];
  await here.publish("a");
  assert.deepEqual(await there.publish("b"), { seq: 1 });
  await using outside = await connect(one.uri, { env: { FLUX_HANDLE_ROLEMASK: "0x2" } });
  assert.equal((await outside.ping()).rolemask, 2);
  assert.equal((await here.ping()).rolemask, 5);
});

test("the instance ends with its scope, whoever is still connected", async () => {
  let stray: Awaited<ReturnType<typeof connect>>;
  {
    await using instance = await TestInstance.start();
    stray = await connect(instance.uri, { env: {} });
  }
  await until(() => stray.status === "closed", "the end of the stray handle");
});

test("an instance of flux-core that can't be started says so", async () => {
  await rejects(FluxCoreInstance.start({ command: "/no/such/flux" }), "ENOENT", "/no/such/flux can't be run");
  await rejects(
    FluxCoreInstance.start({ command: "false" }),
    "ECONNREFUSED",
    "false start did not start an instance",
  );
});
