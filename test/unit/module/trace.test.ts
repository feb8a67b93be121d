import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../../../src/json/index.ts";
import { fixture, ModuleInstance } from "../../helpers/module-instance.ts";
import { rejects } from "../../helpers/rejects.ts";
import { until } from "../../helpers/until.ts";

const PROBE = fixture("probe");
const ALL = { typemask: 15, topic_glob: "*", names: [] };

/** The records of a trace until `count` have come; it has begun when the promise resolves. */
async function trace(at: ModuleInstance, request: object, count: number) {
  const records = at.flux.stream("module.trace", request);
  await at.flux.rpc("module.list");
  return async (): Promise<JsonObject[]> => {
    const seen: JsonObject[] = [];
    for await (const record of records) if (seen.push(record) === count) break;
    return seen;
  };
}

const brief = ({ prefix, name, type, topic, payload_size, payload, errnum, errstr }: JsonObject) => [
  prefix,
  name,
  type,
  topic,
  payload_size,
  payload,
  errnum,
  errstr,
];

test("a trace has what a module receives and sends, with payloads if asked", async () => {
  await using at = await ModuleInstance.start();
  await at.load(PROBE);
  const full = await trace(at, { ...ALL, names: ["probe"], full: true }, 5);
  const short = await trace(at, { ...ALL, names: ["probe", "nosuch"] }, 5);
  await at.flux.rpc("probe.info", { a: [1, 2.5] });
  await rejects(at.flux.rpc("probe.nosuch"), "ENOSYS");
  await at.flux.publish("probe.stats-clear");
  const records = await full();
  assert.deepEqual(records.map(brief), [
    ["rx", "probe", 1, "probe.info", 14, { a: [1, 2.5] }, 0, ""],
    ["tx", "probe", 2, "probe.info", 58, { name: "probe", args: [], rank: 0, config: {}, debug: 0 }, 0, ""],
    ["rx", "probe", 1, "probe.nosuch", 0, null, 0, ""],
    ["tx", "probe", 2, "probe.nosuch", 0, null, 38, "Unknown service method 'probe.nosuch'"],
    ["rx", "probe", 4, "probe.stats-clear", 0, null, 0, ""],
  ]);
  const { timestamp, rank } = records[0]!;
  assert.equal(rank, -1);
  assert(Math.abs(Number(timestamp) - Date.now() / 1000) < 60);
  assert.deepEqual(
    (await short()).map(brief).map(([, , , topic, , payload, , errstr]) => [topic, payload, errstr]),
    records.map(({ topic }) => [topic, null, ""]),
  );
});

test("it is filtered by type and topic, and begins before its module is there", async () => {
  await using at = await ModuleInstance.start();
  const seen = await trace(at, { typemask: 2, topic_glob: "*.ping", names: ["probe"] }, 1);
  await at.load(PROBE);
  await at.flux.rpc("probe.info");
  await at.flux.ping("connector-local");
  await at.flux.ping("probe");
  assert.deepEqual(
    (await seen()).map(({ prefix, topic }) => [prefix, topic]),
    [["tx", "probe.ping"]],
  );
});

test("the broker's own modules are traced, and many subscribers of an event", async () => {
  await using at = await ModuleInstance.start();
  const names = ["p1", "p2", "p3", "p4", "p5"];
  for (const name of names) await at.load(PROBE, [], { name });
  const rx = await trace(at, { ...ALL, names: ["connector-local"] }, 2);
  await at.flux.ping("connector-local");
  assert.deepEqual(
    (await rx()).map(({ prefix, topic }) => `${prefix} ${topic}`),
    ["rx connector-local.ping", "tx connector-local.ping"],
  );
});

test("a trace ends with its requester, and costs nothing behind that", async () => {
  await using at = await ModuleInstance.start();
  await at.load(PROBE);
  await using other = await at.instance.connect();
  const records = other.stream("module.trace", ALL);
  await other.rpc("module.list");
  await other.ping("probe");
  assert.equal((await records.next()).value?.["topic"], "probe.ping");
  await other.close();
  await until(async () => at.instance.broker.stats.clients === 1, "one client left");
  const sent = at.instance.broker.stats.tx.response;
  await at.flux.ping("probe");
  assert.equal(at.instance.broker.stats.tx.response, sent + 1);
  await rejects(at.flux.rpc("module.trace", ALL), "EPROTO");
  await rejects(at.flux.stream("module.trace", { ...ALL, names: "probe" }).next(), "EPROTO");
});

test("what a service would not parse is not parsed for a trace either", async () => {
  await using at = await ModuleInstance.start();
  await at.load(PROBE);
  const seen = await trace(at, { ...ALL, typemask: 1, names: ["probe"], full: true }, 2);
  const values = `{"a":[${"0,".repeat(2_097_152)}0]}`;
  await at.flux.call("probe.info", values).catch(() => {});
  await at.flux.call("probe.info", { a: 1 });
  assert.deepEqual(
    (await seen()).map(({ payload, payload_size }) => [payload, payload_size]),
    [
      [null, values.length + 1],
      [{ a: 1 }, 8],
    ],
  );
});
