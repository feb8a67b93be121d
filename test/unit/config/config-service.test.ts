import assert from "node:assert/strict";
import { test } from "node:test";
import { FluxError } from "../../../src/base/index.ts";
import type { Flux, Response } from "../../../src/client/index.ts";
import { ConfigStore, configMethods } from "../../../src/config/index.ts";
import { real } from "../../../src/json/index.ts";
import { Message, MessageFlag } from "../../../src/message/index.ts";
import { rejects } from "../../helpers/rejects.ts";
import { TemporaryFolder } from "../../helpers/temporary-folder.ts";
import { until } from "../../helpers/until.ts";
import { GUEST, OWNER, Users } from "../../helpers/users.ts";

/** An instance with the service config of rank `rank`. */
async function serve(store: ConfigStore, rank = 0): Promise<Users> {
  const users = await Users.start();
  users.instance.broker.addService("config", configMethods(store, rank));
  return users;
}

test("get gives the object to anybody, its numbers as they are", async () => {
  await using users = await serve(new ConfigStore({ config: { a: real(1), b: 1, c: 2n ** 62n } }));
  const guest = await users.connect(GUEST);
  assert.equal((await guest.call("config.get")).text, '{"a":1.0,"b":1,"c":4611686018427387904}');
  await rejects(guest.rpc("config.load", {}), "EPERM", "Request requires owner credentials");
  await rejects(guest.rpc("config.reload"), "EPERM", "Request requires owner credentials");
});

test("load replaces the object, unless somebody refuses it", async () => {
  const store = new ConfigStore();
  store.listen("heartbeat", (config) => {
    if ("heartbeat" in config) throw new FluxError("EINVAL", "invalid period");
  });
  await using users = await serve(store);
  const flux = await users.connect(OWNER);
  const loaded = await flux.call("config.load", '{"a":1.0,"b":[1e3,9223372036854775807]}');
  assert.equal(loaded.payload, undefined);
  assert.equal((await flux.call("config.get")).text, '{"a":1.0,"b":[1000.0,9223372036854775807]}');
  const refused = "error updating heartbeat: invalid period";
  await rejects(flux.rpc("config.load", { heartbeat: 1 }), "EINVAL", refused);
  assert.equal((await flux.call("config.get")).text, '{"a":1.0,"b":[1000.0,9223372036854775807]}');
  for (const payload of [undefined, "[]", "x", '{"a":', new Uint8Array([0x7b])])
    await rejects(flux.call("config.load", payload), "EPROTO", "error decoding config.load request");
});

test("reload reads the path again, and is nothing without one", async () => {
  await using files = await TemporaryFolder.make({ "a.toml": "a=1" });
  await using users = await serve(new ConfigStore({ path: files.path }));
  const flux = await users.connect(OWNER);
  await flux.rpc("config.reload");
  assert.deepEqual(await flux.rpc("config.get"), { a: 1 });
  await files.write("b.toml", "b");
  const error = await rejects(flux.rpc("config.reload"), "EINVAL");
  assert.match(error.message, /^Config file error: .*\/b\.toml:1: /);
  await using none = await serve(new ConfigStore());
  await (await none.connect(OWNER)).rpc("config.reload");
});

test("only rank 0 changes the configuration", async () => {
  await using users = await serve(new ConfigStore(), 3);
  const flux = await users.connect(OWNER);
  const text = "configuration can only be changed on rank 0";
  await rejects(flux.rpc("config.load", { a: 1 }), "EINVAL", text);
  await rejects(flux.rpc("config.reload"), "EINVAL", text);
  await rejects(flux.call("config.load", "x"), "EPROTO");
  assert.deepEqual(await flux.rpc("config.get"), {});
});

test("a streaming get gives what holds and each update, until it is cancelled or its sender goes", async () => {
  const store = new ConfigStore();
  await using users = await serve(store);
  const { builtins } = users.instance.broker;
  const [owner, guest] = [await users.connect(OWNER), await users.connect(GUEST)];
  const stream = guest.callStream("config.get");
  const next = async (): Promise<unknown> => ((await stream.next()).value as Response).json();
  assert.deepEqual(await next(), {});
  await owner.rpc("config.load", { a: 1 });
  assert.deepEqual(await next(), { a: 1 });
  await owner.rpc("config.load", { a: 1 });
  await owner.rpc("config.load", { a: 2 });
  assert.deepEqual(await next(), { a: 2 });
  await stream.return();
  await until(() => builtins.active === 0, "the end of the cancelled one");
  const gone: Flux = await users.connect(GUEST);
  await gone.callStream("config.get").next();
  // Without a matchtag there is nothing to cancel by, but its sender can still go.
  await using raw = await users.raw(GUEST);
  raw.send(Message.request({ topic: "config.get", flags: MessageFlag.STREAMING }));
  await until(() => builtins.active === 2, "both");
  await gone.close();
  await until(() => builtins.active === 1, "the end of the one who went");
  raw.send(Message.request({ topic: "config.disconnect", flags: MessageFlag.NORESPONSE }));
  await until(() => builtins.active === 0, "the end of the raw one");
});
