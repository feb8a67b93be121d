import assert from "node:assert/strict";
import { test } from "node:test";
import { fixture, ModuleInstance } from "../../helpers/module-instance.ts";
import { rejects } from "../../helpers/rejects.ts";
import { until } from "../../helpers/until.ts";

const PROBE = fixture("probe");

test("a module runs when load has resolved, and is gone when remove has", async () => {
  await using at = await ModuleInstance.start();
  const { flux } = at;
  await at.load(PROBE, ["a", "b"]);
  assert.deepEqual(await flux.rpc("probe.info"), {
    name: "probe",
    args: ["a", "b"],
    rank: 0,
    config: {},
    debug: 0,
  });
  assert.deepEqual(await at.listed("probe"), {
    name: "probe",
    path: PROBE,
    idle: 0,
    status: 1,
    services: ["probe"],
    sendqueue: 0,
    recvqueue: 0,
  });
  await using stopped = flux.subscribe("probe.stopped");
  await stopped.ready;
  await at.remove("probe");
  const event = await stopped.next();
  assert.deepEqual(event.value?.json(), { aborted: true }, "it can still send when it is told to end");
  assert.equal(await at.listed("probe"), undefined);
  await rejects(flux.rpc("probe.info"), "ENOSYS", "No service matching probe.info is registered");
  for (const line of ["insmod probe", "rmmod probe", "module probe exited"])
    assert(at.logged("debug", line), line);
  await at.load(PROBE);
  assert.equal((await flux.rpc<{ name: string }>("probe.info")).name, "probe", "it can be loaded again");
  await at.remove(PROBE);
});

test("a module is no client of the connector, and its messages have its rights and its route", async () => {
  await using at = await ModuleInstance.start();
  await at.load(PROBE);
  const stats = await at.flux.rpc<{ server: { clients: unknown[]; connects: number } }>(
    "connector-local.stats-get",
  );
  assert.deepEqual([stats.server.clients.length, stats.server.connects], [1, 1]);
  assert.equal(at.instance.broker.stats.clients, 1);
  const ping = await at.flux.rpc("probe.ask", { topic: "broker.ping" });
  const hop = "[0-9a-f]{8}";
  assert.match(String(ping["route"]), new RegExp(`^${hop}!${hop}$`), "module, broker");
  assert.equal(ping["rolemask"], 5);
  const own = await at.flux.rpc("probe.ask", { topic: "probe.ping" });
  assert.match(String(own["route"]), new RegExp(`^${hop}!${hop}!${hop}$`), "module, broker, module");
  const { route } = await at.flux.ping("probe");
  assert.match(route, new RegExp(`^${hop}!${hop}!${hop}!${hop}$`), "client, connector, broker, module");
});

test("a name may be given, and is taken once", async () => {
  await using at = await ModuleInstance.start();
  await at.load(PROBE);
  await rejects(at.load(PROBE), "EEXIST", "error registering probe service");
  await at.load(PROBE, ["service"], { name: "other" });
  assert.deepEqual((await at.listed("other"))?.services, ["other", "other-more"]);
  assert.deepEqual(await at.flux.rpc("other-more.echo", { a: 1 }), { a: 1 });
  await rejects(at.load(PROBE, [], { name: "broker" }), "EEXIST");
  await rejects(at.load(PROBE, [], { name: "a.b" }), "EINVAL");
  await at.remove("other");
  await rejects(at.flux.rpc("other-more.echo"), "ENOSYS");
});

test("a function mod_main is a module too, and its methods come before the default ones", async () => {
  await using at = await ModuleInstance.start();
  await at.load(fixture("mod-main"), ["x"]);
  assert.deepEqual(await at.flux.rpc("mod-main.args"), { args: ["x"] });
  assert.deepEqual(await at.flux.rpc("mod-main.stats-get"), { own: true });
  await at.remove("mod-main");
});

test("what start throws is what load says, and the broker goes on", async () => {
  let panics = 0;
  await using at = await ModuleInstance.start({ onModulePanic: () => panics++ });
  await rejects(at.load(PROBE, ["fail"]), "EIO", "asked to fail");
  await rejects(at.load(PROBE, ["fault"]), "EIO", "a fault");
  assert(at.logged("err", "probe: asked to fail"));
  await until(
    () => at.records.some(({ appname, message }) => appname === "probe" && /TypeError/.test(message)),
    "the fault with its stack",
  );
  await rejects(at.load(fixture("nosuch")), "ENOENT");
  await rejects(at.load("nosuch"), "ENOENT", "module not found in search path");
  await rejects(at.load("./nosuch.txt"), "ENOENT");
  await rejects(at.load(PROBE, [], { loader: 1 }), "EPROTO");
  assert.equal(await at.listed("probe"), undefined);
  assert.equal(panics, 0);
});

test("a module that fails at run time is a panic, unless broker.module-nopanic says no", async () => {
  const panics: string[] = [];
  await using at = await ModuleInstance.start({ onModulePanic: (text) => panics.push(text) });
  await at.load(PROBE);
  await at.flux.rpc("probe.fail", { text: "no more" });
  await until(async () => (await at.listed("probe")) === undefined, "it has gone");
  assert.deepEqual(panics, ["probe module runtime failure"]);
  assert(at.logged("crit", "probe module runtime failure"));
  assert(at.logged("err", "probe: no more"));
  await at.flux.attributes.set("broker.module-nopanic", "1");
  await at.load(PROBE);
  await at.flux.rpc("probe.fail", { text: "no more" });
  await until(async () => (await at.listed("probe")) === undefined, "it has gone");
  assert.equal(panics.length, 1);
  await at.load(PROBE);
  await at.flux.rpc("probe.leave");
  await until(async () => (await at.listed("probe")) === undefined, "it has gone");
  assert.equal(panics.length, 1, "one that ends well is no failure");
});

test("who waits for a module that ends hears of it", async () => {
  await using at = await ModuleInstance.start();
  await at.load(PROBE);
  const waiting = at.flux.rpc("probe.silent");
  const canceled = at.flux.stream("probe.silent");
  assert.equal(await at.flux.ping("probe").then(({ rank }) => rank), 0);
  await canceled.return?.();
  await at.remove("probe");
  await rejects(waiting, "EHOSTUNREACH", "module disconnect");
});

test("remove wants a module; the broker's own stay", async () => {
  await using at = await ModuleInstance.start();
  await rejects(at.remove("nosuch"), "ENOENT", null);
  await rejects(at.remove("connector-local"), "EPERM");
  await rejects(at.load("connector-local"), "EEXIST");
  await rejects(
    at.load("connector-local", [], { exec: true }),
    "EINVAL",
    "built-in modules cannot execute in a separate process",
  );
  await rejects(at.flux.rpc("module.remove"), "EPROTO");
});

test("one that hangs is removed by force, and does not keep the broker from stopping", async () => {
  await using at = await ModuleInstance.start();
  const loading = rejects(at.load(PROBE, ["hang"]), "ECANCELED");
  await until(async () => (await at.listed("probe"))?.status === 0, "it is starting");
  await at.remove("probe", { cancel: true });
  await loading;
  await at.load(PROBE);
});

test("modules left over are ended with the broker, which says so", async () => {
  const at = await ModuleInstance.start();
  await at.load(PROBE);
  await at.load(PROBE, ["slow"], { name: "second" });
  assert.deepEqual(at.instance.broker.loadedModules, ["probe", "second"]);
  await at.instance.stop();
  for (const name of ["probe", "second"])
    assert(at.logged("err", `broker module '${name}' was not properly shut down`), name);
  assert(at.logged("debug", "module second exited"));
});

test("without a loader there are no modules to load", async () => {
  await using at = await ModuleInstance.start({ moduleLoader: undefined });
  await rejects(at.load("heartbeat"), "ENOSYS", "this broker has no module loader");
});
