import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigStore, openConfig } from "../../../src/config/index.ts";
import { Instance, type InstanceOptions } from "../../../src/instance/index.ts";
import { rejects } from "../../helpers/rejects.ts";
import { TemporaryFolder } from "../../helpers/temporary-folder.ts";

/** An instance that tells nobody what it does. */
function start(options: InstanceOptions): Promise<Instance> {
  return Instance.start({ env: {}, printLog() {}, ...options });
}

test("an instance tells its configuration, where it is from, and what it makes of it", async () => {
  await using files = await TemporaryFolder.make({
    "a.toml": '[tbon]\ntorpid_min = "2s"\n[access]\nallow-guest-user = true\n',
  });
  const config = await openConfig({ path: files.path, updates: ["tbon.zmqdebug=1"] });
  await using instance = await start({ config, attributes: { "tbon.topo": "kary:2" } });
  const flux = instance.broker.connect();
  const table = { torpid_min: "2s", zmqdebug: 1 };
  assert.deepEqual(await flux.rpc("config.get"), { tbon: table, access: { "allow-guest-user": true } });
  const values = ["config.path", "tbon.torpid_min", "tbon.zmqdebug", "tbon.topo"];
  assert.deepEqual(await Promise.all(values.map((name) => flux.attributes.get(name))), [
    files.path,
    "2s",
    "1",
    "kary:2",
  ]);
  assert.equal((await flux.rpc("connector-local.stats-get"))["allow_guest_user"], true);
  await files.write("a.toml", '[tbon]\ntorpid_min = "3s"\n');
  await flux.rpc("config.reload");
  assert.equal((await flux.rpc("connector-local.stats-get"))["allow_guest_user"], false);
  assert.equal((await flux.rpc<{ value: string }>("attr.get", { name: "tbon.torpid_min" })).value, "3s");
  const refused = "error updating overlay: tbon.torpid_min must be nonzero";
  await rejects(flux.rpc("config.load", { tbon: { torpid_min: "0" } }), "EINVAL", refused);
  await flux.close();
});

test("a module may refuse, and then nothing has changed", async () => {
  await using instance = await start({});
  const flux = instance.broker.connect();
  await flux.rpc("module.load", { path: "heartbeat", args: [] });
  const error = await rejects(flux.rpc("config.load", { heartbeat: { period: "42XYZ" } }), "EINVAL");
  assert.match(error.message, /^error updating heartbeat: /);
  assert.deepEqual(await flux.rpc("config.get"), {});
  await flux.rpc("config.load", { heartbeat: { period: "42s" } });
  assert.equal((await flux.rpc("heartbeat.stats-get"))["period"], 42);
  await flux.rpc("module.remove", { name: "heartbeat" });
  await flux.rpc("config.load", { heartbeat: { period: "42XYZ" } });
  await flux.close();
});

test("what an instance can't be made of stops it, and leaves its configuration alone", async () => {
  const fails = async (config: object, text: string): Promise<void> => {
    const store = new ConfigStore({ config: config as Record<string, never> });
    await rejects(start({ config: store, boot: "environment" }), "EINVAL", text);
    assert.equal(await store.update({ tbon: { torpid_min: "0" } }), true, "nobody listens any more");
  };
  await fails({ bootstrap: { hosts: 42 } }, "Config file error [bootstrap]: must be array type");
  await fails({ tbon: { zmqdebug: "x" } }, "Config file error [tbon]: Expected integer, got string");
  await fails({ access: { roles: { x: {} } } }, "unknown role 'x' in [access.roles]");
});

test("the table [bootstrap] gives a broker its place", async () => {
  await using files = await TemporaryFolder.make();
  const boot = (bootstrap: object) => {
    const config = new ConfigStore({ config: { bootstrap: bootstrap as Record<string, string> } });
    return start({ config, boot: "environment", attributes: { hostname: "n0" } });
  };
  await using instance = await boot({ hosts: [{ host: "n0" }] });
  const flux = instance.broker.connect();
  assert.equal(await flux.attributes.get("broker.boot-method"), "config");
  assert.equal(await flux.attributes.get("tbon.topo"), "custom");
  await flux.close();
  const cert = files.of("cert");
  const missing = `Error loading certificate: ${cert}: No such file or directory`;
  await rejects(boot({ curve_cert: cert }), "ENOENT", missing);
});
