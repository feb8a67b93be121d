import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigStore, configMethods } from "../../../src/config/index.ts";
import { fixture, ModuleInstance } from "../../helpers/module-instance.ts";
import { rejects } from "../../helpers/rejects.ts";
import { until } from "../../helpers/until.ts";

const PROBE = fixture("probe");

interface Stats {
  readonly rx: { readonly request: number; readonly event: number };
  readonly tx: { readonly response: number };
}

/** Counts the requests a module has taken. */
async function requestsOf(at: ModuleInstance, name: string): Promise<number> {
  return (await at.flux.rpc<Stats>(`${name}.stats-get`)).rx.request;
}

for (const name of ["probe", "connector-local"]) {
  test(`${name} answers the default methods`, async () => {
    await using at = await ModuleInstance.start();
    const { flux } = at;
    await at.load(PROBE);
    assert.equal((await flux.ping(name)).rank, 0);
    for (const who of [undefined, { who: "self" }, { who: "children" }, { who: "thread" }])
      assert.equal(typeof (await flux.rpc(`${name}.rusage`, who))["utime"], "number");
    await rejects(flux.rpc(`${name}.rusage`, { who: "me" }), "EINVAL", "me is unsupported");
    assert.deepEqual(await flux.rpc(`${name}.debug`, { op: "setbit", flags: 0x30 }), { flags: 0x30 });
    assert.deepEqual(await flux.rpc(`${name}.debug`, { op: "clrbit", flags: 0x10 }), { flags: 0x20 });
    assert.deepEqual(await flux.rpc(`${name}.debug`, { op: "set", flags: -1 }), { flags: -1 });
    assert.deepEqual(await flux.rpc(`${name}.debug`, { op: "clr", flags: 0 }), { flags: 0 });
    await rejects(flux.rpc(`${name}.debug`, { op: "flip", flags: 1 }), "EPROTO");
    await flux.call(`${name}.config-reload`, { a: 1 });
    await rejects(flux.call(`${name}.config-reload`), "EPROTO");
    assert.equal(await flux.call(`${name}.stats-clear`).then(({ payload }) => payload), undefined);
  });
}

test("a module's messages are counted, and a request or an event clears them", async () => {
  await using at = await ModuleInstance.start();
  await at.load(PROBE);
  const first = await requestsOf(at, "probe");
  await at.flux.ping("probe");
  assert.equal(await requestsOf(at, "probe"), first + 2);
  await at.flux.call("probe.stats-clear");
  assert((await requestsOf(at, "probe")) < first + 2);
  await until(async () => (await requestsOf(at, "probe")) > 20, "some requests");
  await at.flux.publish("probe.stats-clear.not");
  assert((await requestsOf(at, "probe")) > 20, "some requests");
  await at.flux.publish("probe.stats-clear");
  await until(async () => (await requestsOf(at, "probe")) < 20, "cleared");
});

test("so are the broker's", async () => {
  await using at = await ModuleInstance.start();
  const requests = async (): Promise<number> => (await at.flux.rpc<Stats>("broker.stats-get")).rx.request;
  await until(async () => (await requests()) > 20, "some requests");
  await at.flux.publish("broker.stats-clear");
  assert((await requests()) < 20, "cleared");
});

test("a module may refuse a configuration, for all", async () => {
  const store = new ConfigStore({ config: { a: 1 } });
  await using at = await ModuleInstance.start({ config: store });
  at.instance.broker.addService("config", configMethods(store, 0));
  await at.load(PROBE);
  await at.load(PROBE, [], { name: "second" });
  assert.deepEqual((await at.flux.rpc("probe.info"))["config"], { a: 1 });
  await at.flux.call("config.load", { a: 2 });
  assert.deepEqual((await at.flux.rpc("second.info"))["config"], { a: 2 });
  await rejects(at.flux.call("config.load", { bad: 1 }), "EINVAL", "error updating probe: bad is bad");
  assert.deepEqual(store.current, { a: 2 });
  assert.deepEqual(await at.flux.rpc("probe.taken"), { taken: 2 });
  await at.remove("probe");
  await rejects(at.flux.call("config.load", { bad: 1 }), "EINVAL", "error updating second: bad is bad");
  await at.remove("second");
  await at.flux.call("config.load", { bad: 1 });
});

test("module.status is for modules; others may say what they like", async () => {
  await using at = await ModuleInstance.start();
  await rejects(at.flux.rpc("module.status"), "EPROTO", "error decoding module.status request");
  await at.flux.call("module.status", { status: 3, errnum: 1 });
  await at.load(PROBE);
  await at.flux.call("module.status", { status: 3 });
  assert.equal((await at.listed("probe"))?.status, 1);
});

test("messages are held back from a module that is deferred", async () => {
  await using at = await ModuleInstance.start();
  await at.load(PROBE);
  await rejects(at.flux.call("module.debug", { name: "nosuch", defer: true }), "ENOENT");
  await rejects(at.flux.call("module.debug", { name: "probe", defer: 42 }), "EPROTO");
  await at.flux.call("module.debug", { name: "probe", defer: true });
  const ping = at.flux.ping("probe");
  const event = at.flux.publish("probe.stats-clear");
  await until(async () => (await at.listed("probe"))?.sendqueue === 2, "two messages held");
  await event;
  await at.flux.call("module.debug", { name: "probe", defer: false });
  assert.equal((await ping).rank, 0);
  assert.equal((await at.listed("probe"))?.sendqueue, 0);
});
