import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { FluxError } from "../../../src/base/index.ts";
import type { LogLevel, Status } from "../../../src/client/index.ts";
import { connect } from "../../../src/connect/index.ts";
import { Place } from "../../helpers/place.ts";
import { drain, rejects } from "../../helpers/rejects.ts";
import { until } from "../../helpers/until.ts";

const QUICK = { delayMs: 1, maxDelayMs: 5 };

/** Options that write down the changes of status. */
function watched() {
  const changes: [Status, string | undefined][] = [];
  const onStatus = (status: Status, reason: FluxError | undefined) => {
    changes.push([status, reason?.code]);
  };
  return { changes, onStatus };
}

test("a broker that comes back: requests fail at once, subscriptions and services are there again", async () => {
  await using place = await Place.create();
  const { changes, onStatus } = watched();
  const lines: [LogLevel, string][] = [];
  const onLog = (level: LogLevel, text: string) => lines.push([level, text]);
  await using flux = await connect(place.uri, { env: {}, reconnect: QUICK, onStatus, onLog, retries: 0 });
  await using events = flux.subscribe("");
  await using jobs = flux.subscribe("job.");
  await using _service = await flux.serve("calc", { add: ({ a, b }) => ({ sum: a + b }) });
  flux.handle("calc.hold", () => {});
  for (let i = 0; i < 5; i++) await flux.publish("job.before");
  const uuid = await flux.attributes.get("broker.uuid");
  const call = rejects(flux.rpc("calc.hold"), "ECONNRESET", "connection to the broker was lost");
  const stream = drain(flux.stream("calc.hold"));
  await until(() => flux.serving === 2, "the requests");
  await place.stop();
  await call;
  assert.equal((await stream).error?.code, "ECONNRESET");
  await until(() => flux.status === "reconnecting", "the loss");
  await rejects(flux.rpc("calc.add"), "ECONNRESET");
  assert.deepEqual([flux.serving, flux.pending], [0, 0]);
  await place.start();
  await until(() => changes.length === 2, "the new connection");
  assert.deepEqual(changes, [
    ["reconnecting", "ECONNRESET"],
    ["connected", undefined],
  ]);
  await using other = await connect(place.uri, { env: {} });
  assert.deepEqual(await other.rpc("calc.add", { a: 1, b: 2 }), { sum: 3 });
  await other.publish("job.after");
  for (let i = 0; i < 5; i++) assert.equal((await jobs.next()).value?.topic, "job.before");
  assert.equal((await jobs.next()).value?.topic, "job.after");
  await until(() => events.queued === 6, "all events");
  assert.deepEqual(lines, [], "numbers that start over are no loss");
  assert.notEqual(await flux.attributes.get("broker.uuid"), uuid, "attributes are asked for anew");
  await flux.close();
  assert.deepEqual(changes.at(-1), ["closed", undefined]);
});

test("a subscription made while there is no connection stands with the next one", async () => {
  await using place = await Place.create();
  await using flux = await connect(place.uri, { env: {}, reconnect: QUICK, retries: 0 });
  await flux.ping();
  await place.stop();
  await until(() => flux.status === "reconnecting", "the loss");
  await using all = flux.subscribe("");
  await using again = flux.subscribe("");
  const closed = flux.subscribe("closed");
  const never = rejects(closed.ready, "ECANCELED");
  await closed.close();
  await never;
  await place.start();
  await Promise.all([all.ready, again.ready]);
  await using other = await connect(place.uri, { env: {} });
  await other.publish("a");
  assert.equal((await all.next()).value?.topic, "a");
  assert.equal((await again.next()).value?.topic, "a");
  await rejects(flux.call("event.unsubscribe", { topic: "closed" }), "ENOENT");
});

test("a subscription that waits for a connection ends with its handle", async () => {
  await using place = await Place.create();
  await using flux = await connect(place.uri, { env: {}, reconnect: QUICK, retries: 0 });
  await place.stop();
  await until(() => flux.status === "reconnecting", "the loss");
  const events = flux.subscribe("a");
  const ready = rejects(events.ready, "ECONNRESET", "handle is closed");
  await flux.close();
  await ready;
});

test("what was closed meanwhile is not restored", async () => {
  await using place = await Place.create();
  const { changes, onStatus } = watched();
  await using flux = await connect(place.uri, { env: {}, reconnect: QUICK, onStatus, retries: 0 });
  const events = flux.subscribe("a");
  const service = await flux.serve("calc", {});
  await events.ready;
  await place.stop();
  await until(() => flux.status === "reconnecting", "the loss");
  await Promise.all([events.close(), service.close()]);
  await place.start();
  await until(() => changes.length === 2, "the new connection");
  await using other = await connect(place.uri, { env: {} });
  await using _mine = await other.serve("calc", {});
  await rejects(flux.call("event.unsubscribe", { topic: "a" }), "ENOENT");
});

test("a name that another has taken is tried for again until it is free", async () => {
  await using place = await Place.create();
  const { changes, onStatus } = watched();
  const lines: string[] = [];
  const onLog = (_level: string, text: string) => lines.push(text);
  await using flux = await connect(place.uri, { env: {}, reconnect: QUICK, onStatus, onLog, retries: 0 });
  await using _service = await flux.serve("calc", { who: () => ({ me: true }) });
  await place.stop();
  await until(() => flux.status === "reconnecting", "the loss");
  await place.start();
  const rival = await connect(place.uri, { env: {} });
  const taken = await rival.serve("calc", { who: () => ({ me: false }) }).catch(() => undefined);
  if (taken !== undefined) {
    await until(() => lines.length > 0, "the line that says so");
    assert.match(lines[0]!, /service 'calc' can't be registered again: File exists/);
  }
  await rival.close();
  await until(() => changes.length === 2, "the connection");
  await using other = await connect(place.uri, { env: {} });
  const asked = async () => (await other.rpc("calc.who").catch(() => ({ me: false })))["me"] === true;
  for (let tries = 0; !(await asked()); tries++) assert(tries < 100_000, "the name never came back");
});

test("maxAttempts ends it: the handle is closed with the last error", async () => {
  await using place = await Place.create();
  const { changes, onStatus } = watched();
  const reconnect = { ...QUICK, maxAttempts: 3 };
  await using flux = await connect(place.uri, { env: {}, reconnect, onStatus, retries: 0 });
  const events = flux.subscribe("a");
  await events.ready;
  await place.stop();
  await until(() => flux.status === "closed", "the end");
  assert.deepEqual(changes, [
    ["reconnecting", "ECONNRESET"],
    ["closed", "ENOENT"],
  ]);
  assert.equal((await drain(events)).error?.code, "ENOENT");
});

test("without reconnect the loss is the end", async () => {
  await using place = await Place.create();
  const { changes, onStatus } = watched();
  await using flux = await connect(place.uri, { env: {}, onStatus });
  await place.stop();
  await until(() => flux.status === "closed", "the end");
  assert.deepEqual(changes, [["closed", "ECONNRESET"]]);
  await rejects(flux.rpc("a.b"), "ECONNRESET", "handle is closed");
});

test("close ends the attempts", async () => {
  await using place = await Place.create();
  const { changes, onStatus } = watched();
  await using flux = await connect(place.uri, { env: {}, reconnect: true, onStatus, retries: 0 });
  let ends = 0;
  flux.receive({
    message() {},
    closed: () => {
      ends++;
    },
  });
  const events = flux.subscribe("a");
  await events.ready;
  await place.stop();
  await until(() => flux.status === "reconnecting", "the loss");
  await flux.close();
  await flux.close();
  // The attempt that close ended has noticed by then.
  await turn();
  assert.equal(ends, 1);
  assert.deepEqual(changes.at(-1), ["closed", undefined]);
  assert.deepEqual(await drain(events), { items: [], error: undefined });
});
