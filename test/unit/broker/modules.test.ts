import assert from "node:assert/strict";
import { test } from "node:test";
import { FLUX_VERSION } from "../../../src/broker/index.ts";
import type { JsonObject } from "../../../src/json/index.ts";
import { TestInstance } from "../../../src/testing/index.ts";
import { rejects } from "../../helpers/rejects.ts";
import { OWNER, Users } from "../../helpers/users.ts";

test("attributes: the values clients ask for", async () => {
  await using instance = await TestInstance.start({
    attributes: { "test.own": "yes", hostlist: "node[0-3]" },
  });
  const flux = await instance.connect();
  const get = (name: string) => flux.rpc("attr.get", { name });
  assert.deepEqual(await get("rank"), { value: "0", flags: 1 });
  assert.deepEqual(await get("size"), { value: "1", flags: 1 });
  assert.deepEqual(await get("version"), { value: FLUX_VERSION, flags: 0 });
  assert.deepEqual(await get("local-uri"), { value: instance.uri, flags: 1 });
  assert.deepEqual(await get("security.owner"), { value: String(OWNER), flags: 1 });
  assert.deepEqual(await get("instance-level"), { value: "0", flags: 1 });
  assert.deepEqual(await get("test.own"), { value: "yes", flags: 0 });
  assert.deepEqual(await get("hostlist"), { value: "node[0-3]", flags: 1 });
  assert.deepEqual(await get("log-stderr-level"), { value: "3", flags: 0 });
  assert.match(String((await get("broker.starttime"))["value"]), /^\d+\.\d\d$/);
  await rejects(get("nosuch"), "ENOENT", null);
  await rejects(flux.rpc("attr.get"), "EPROTO");
  await rejects(flux.rpc("attr.get", { name: 1 }), "EPROTO");
});

test("attributes: which may change, and how", async () => {
  const changes: string[] = [];
  await using instance = await TestInstance.start({
    onSetAttribute: (name, value) => {
      changes.push(`${name}=${value}`);
    },
  });
  const flux = await instance.connect();
  const set = (name: string, value: string, force?: boolean) =>
    flux.rpc("attr.set", force === undefined ? { name, value } : { name, value, force });
  await set("test.a", "1");
  await set("test.a", "2");
  await set("log-stderr-level", "7");
  await rejects(set("log-stderr-level", "9"), "EINVAL", "invalid level");
  await rejects(set("log-stderr-level", "err"), "EINVAL", "invalid level");
  await set("test-nr.a", "1");
  await rejects(set("test-nr.a", "2"), "EINVAL", "attribute may not be updated");
  await rejects(set("test-nr.a", "2", false), "EINVAL", "attribute may not be updated");
  await set("test-nr.a", "2", true);
  await set("vendor.a", "1");
  await rejects(set("vendor.a", "2", true), "EPERM", null);
  await rejects(set("rank", "2"), "EINVAL", "attribute may not be updated");
  await rejects(set("rank", "2", true), "EPERM", null);
  await rejects(set("nosuch", "2", true), "ENOENT", "unknown attribute");
  await rejects(flux.rpc("attr.set", { name: "test.a" }), "EPROTO");
  await rejects(flux.rpc("attr.set", { name: "test.a", value: 1 }), "EPROTO");
  await flux.rpc("attr.rm", { name: "test.a" });
  await flux.rpc("attr.rm", { name: "test.a" });
  await rejects(flux.rpc("attr.rm", { name: "rank" }), "EPERM", null);
  await rejects(flux.rpc("attr.get", { name: "test.a" }), "ENOENT");
  assert(changes.includes("log-stderr-level=7") && !changes.includes("log-stderr-level=9"));
});

test("attr.list names them all", async () => {
  await using instance = await TestInstance.start({ attributes: { "test.own": "yes" } });
  const flux = await instance.connect();
  const { names } = await flux.rpc<{ names: string[] }>("attr.list");
  for (const name of ["rank", "size", "version", "hostlist", "broker.pid", "test.own"])
    assert(names.includes(name), name);
});

test("broker.ping adds four keys, spaced as flux-core does", async () => {
  await using instance = await TestInstance.start();
  const flux = await instance.connect();
  const ping = async (payload: string) => (await flux.call("broker.ping", payload)).text ?? "";
  const route = /"route": "[0-9a-f]{8}![0-9a-f]{8}![0-9a-f]{8}"/;
  assert.equal(
    (await ping('{"seq":1,"pad":"x"}')).replace(route, "ROUTE"),
    `{"seq": 1, "pad": "x", ROUTE, "userid": ${OWNER}, "rolemask": 5, "rank": 0}`,
  );
  assert.equal(
    (await ping('{"rank":77,"a":[1,{"b":2.0}]}')).replace(route, "ROUTE"),
    `{"rank": 0, "a": [1, {"b": 2.0}], ROUTE, "userid": ${OWNER}, "rolemask": 5}`,
    "its own keys are overwritten where they stand, reals stay reals",
  );
  for (const bad of ["", "nonsense", "[]"]) await rejects(flux.call("broker.ping", bad), "EPROTO");
  await rejects(flux.call("broker.ping"), "EPROTO");
  const speaker = await instance.connect({ userid: 0xfffffffe });
  assert.match((await speaker.call("broker.ping", "{}")).text ?? "", /"userid": -2,/);
  assert.equal((await speaker.ping()).userid, 0xfffffffe);
  await rejects(flux.rpc("broker.nosuch"), "ENOSYS", "Unknown service method 'broker.nosuch'");
});

test("broker.stats-get counts messages by type, stats-clear starts over", async () => {
  await using instance = await TestInstance.start();
  const flux = await instance.connect();
  await using events = flux.subscribe("");
  for (let i = 0; i < 3; i++) await flux.publish("a");
  flux.sendEvent(flux.encodeEvent("a"));
  await events.next();
  const { rx, tx } = await flux.rpc<{ rx: JsonObject; tx: JsonObject }>("broker.stats-get");
  assert.deepEqual(Object.keys(rx), ["request", "response", "event", "control"]);
  assert.equal(rx["request"], 5, "subscribe, three publications, this");
  assert.equal(tx["event"], 4);
  assert.deepEqual(instance.broker.stats.rx.request, 5);
  await flux.rpc("broker.stats-clear");
  assert.equal(instance.broker.stats.tx.event, 0);
  assert.equal(instance.broker.stats.lastEvent, 4);
});

test("counters are cleared by an event before its publisher knows its number", async () => {
  await using instance = await TestInstance.start();
  const flux = await instance.connect();
  await using events = flux.subscribe("a");
  await events.ready;
  const published = [flux.publish("a"), flux.publish("broker.stats-clear"), flux.publish("a")];
  const { rx, tx } = await flux.rpc<{ rx: JsonObject; tx: JsonObject }>("broker.stats-get");
  await Promise.all(published);
  assert.deepEqual([rx["request"], tx["event"]], [2, 1], "a publication and this; the event of the one");
});

test("broker.rusage", async () => {
  await using instance = await TestInstance.start();
  const flux = await instance.connect();
  const response = await flux.call("broker.rusage");
  const [utime, stime, maxrss] = response.unpack("{s:f s:f s:i}", "utime", "stime", "maxrss");
  assert(utime > 0 && stime >= 0 && maxrss > 1000);
  await flux.rpc("broker.rusage", { who: "self" });
  await flux.rpc("broker.rusage", { who: "thread" });
  await rejects(flux.rpc("broker.rusage", { who: "x" }), "EINVAL", "x is unsupported");
});

test("broker.getenv and setenv", async () => {
  await using instance = await TestInstance.start();
  const flux = await instance.connect();
  const name = `FLUXBUS_TEST_${process.pid}`;
  const get = () => flux.rpc("broker.getenv", { names: [name, "NOSUCH_VARIABLE"] });
  assert.deepEqual(await get(), { env: {} });
  await flux.rpc("broker.setenv", { env: { [name]: "ü=1" } });
  assert.deepEqual(await get(), { env: { [name]: "ü=1" } });
  assert.equal(process.env[name], "ü=1");
  await flux.rpc("broker.setenv", { env: { [name]: null } });
  assert.deepEqual(await get(), { env: {} });
  for (const env of [{ "A=B": "x" }, { "": "x" }, { A: 1 }, [], "x"])
    await rejects(flux.rpc("broker.setenv", { env }), "EPROTO");
  for (const names of ["x", [1], undefined]) await rejects(flux.rpc("broker.getenv", { names }), "EPROTO");
});

test("module.list and connector-local.stats-get", async () => {
  await using users = await Users.start();
  const flux = await users.connect(OWNER);
  await users.connect(OWNER + 5);
  const { mods } = await flux.rpc<{ mods: JsonObject[] }>("module.list");
  assert.deepEqual(mods[0], {
    name: "connector-local",
    path: "builtin",
    idle: 0,
    status: 1,
    services: ["connector-local"],
    sendqueue: 0,
    recvqueue: 0,
  });
  const stats = await flux.rpc<
    { server: { clients: JsonObject[]; connects: number } & JsonObject } & JsonObject
  >("connector-local.stats-get");
  assert.deepEqual([stats["allow_guest_user"], stats["allow_root_owner"]], [true, false]);
  assert.equal(stats.server.connects, 2);
  assert.deepEqual(
    stats.server.clients.map(({ userid, pid }) => [userid, pid]),
    [
      [OWNER, process.pid],
      [OWNER + 5, process.pid],
    ],
  );
  assert.equal(stats.server.clients[0]?.["rxcount"], 2);
});
