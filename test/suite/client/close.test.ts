import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { connect } from "../../../src/connect/index.ts";
import { clientsOf, startInstance } from "../../helpers/instance.ts";
import { drain, rejects } from "../../helpers/rejects.ts";
import { until, within } from "../../helpers/until.ts";

test("close fails what is pending, finishes subscriptions, and may come twice", async () => {
  await using instance = await startInstance();
  const flux = await instance.connect();
  flux.handle("mine.hold", () => {});
  await flux.call("service.add", { service: "mine" });
  const events = flux.subscribe("a");
  const call = rejects(flux.rpc("mine.hold"), "ECONNRESET", "handle was closed");
  const limited = rejects(
    flux.rpc("mine.hold", {}, { timeoutMs: 60_000 }),
    "ECONNRESET",
    "handle was closed",
  );
  await until(() => flux.serving === 2, "the requests");
  await Promise.all([flux.close(), flux.close()]);
  await Promise.all([call, limited]);
  assert.deepEqual(await drain(events), { items: [], error: undefined });
  assert.deepEqual([flux.status, flux.pending, flux.serving], ["closed", 0, 0]);
  assert.throws(() => flux.sendEvent(flux.encodeEvent("a")), {
    code: "ECONNRESET",
    message: "handle is closed",
  });
  const other = await instance.connect();
  await until(async () => (await clientsOf(other)) === 1, "the end at the broker");
});

test("what was sent before close arrives", async () => {
  await using instance = await startInstance();
  const [watcher, flux] = [await instance.connect(), await instance.connect()];
  await using events = watcher.subscribe("last");
  await events.ready;
  const size = 100_000;
  for (let i = 0; i < 50; i++) flux.sendEvent(flux.encodeEvent("last.words", new Uint8Array(size)));
  assert(flux.queuedBytes > 0);
  await flux.close();
  for (let i = 0; i < 50; i++) {
    const { value } = await within(events.next(), `event ${i}`);
    assert.equal(value?.payload?.length, size);
  }
});

test("writable tells when there is room", async () => {
  await using instance = await startInstance();
  const flux = await instance.connect();
  assert.equal(flux.writable(), undefined);
  for (let i = 0; i < 40; i++) flux.sendEvent(flux.encodeEvent("big", new Uint8Array(100_000)));
  const room = flux.writable();
  assert(room !== undefined);
  await within(room, "room");
  assert(flux.queuedBytes < 4_000_000);
});

test("the handle of a scope is closed at its end", async () => {
  await using instance = await startInstance();
  const other = await instance.connect();
  {
    await using flux = await connect(instance.uri, { env: {} });
    assert.equal(flux.uri, instance.uri);
    assert.equal(await clientsOf(other), 2);
  }
  await until(async () => (await clientsOf(other)) === 1, "the end");
});

const PROGRAM = join(import.meta.dirname, "../../helpers/exits.ts");

test("a process ends by itself when its handles are closed, or none of them holds it", async () => {
  await using instance = await startInstance();
  const child = spawn(process.execPath, ["--import", "tsx", PROGRAM, instance.uri], { stdio: "inherit" });
  const exit = once(child, "exit");
  try {
    assert.deepEqual(await within(exit, "the end of the process", 20_000), [0, null]);
  } finally {
    child.kill("SIGKILL");
  }
});
