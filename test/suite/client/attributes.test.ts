import assert from "node:assert/strict";
import { test } from "node:test";
import { LOG_LEVELS, parseLogRecord } from "../../../src/client/index.ts";
import { Role } from "../../../src/message/index.ts";
import { AS_GUEST, clientsOf, GUEST, OWNER, startInstance } from "../../helpers/instance.ts";
import { drain, rejects } from "../../helpers/rejects.ts";
import { until } from "../../helpers/until.ts";

test("attributes that can't change are asked for once, others each time", async () => {
  await using instance = await startInstance({ attributes: { "test.mood": "good" } });
  const sent: string[] = [];
  const flux = await instance.connect({
    trace: (direction, message) => {
      if (direction === "tx") sent.push(message.text ?? "");
    },
  });
  assert.equal(await flux.rank(), 0);
  assert.equal(await flux.size(), 1);
  await flux.rank();
  assert.equal(await flux.attributes.get("test.mood"), "good");
  assert.equal(await flux.attributes.get("test.mood"), "good");
  assert.deepEqual(sent, [
    '{"name":"rank"}',
    '{"name":"size"}',
    '{"name":"test.mood"}',
    '{"name":"test.mood"}',
  ]);
});

test("setting, listing and removing", async () => {
  await using instance = await startInstance();
  const flux = await instance.connect();
  const { attributes } = flux;
  await attributes.set("test.a", "1");
  await attributes.set("test.a", "2");
  assert.equal(await attributes.get("test.a"), "2");
  await attributes.set("test-nr.b", "1");
  await rejects(attributes.set("test-nr.b", "2"), "EINVAL", "attribute may not be updated");
  await attributes.set("test-nr.b", "2", { force: true });
  await rejects(attributes.set("rank", "9", { force: true }), "EPERM", null);
  await rejects(attributes.set("nosuch", "9"), "ENOENT", "unknown attribute");
  const names = await attributes.list();
  assert(names.includes("test.a") && names.includes("rank"));
  assert.deepEqual(names, [...names].sort());
  await attributes.remove("test.a");
  await attributes.remove("test.a");
  await rejects(attributes.get("test.a"), "ENOENT");
  await rejects(attributes.remove("rank"), "EPERM");
  await rejects(attributes.get("test.a", { signal: AbortSignal.abort() }), "ECANCELED");
});

test("ping: the hops, the credentials and the rank that answered", async () => {
  await using instance = await startInstance();
  const [owner, guest] = [await instance.connect(), await instance.connect(AS_GUEST)];
  const reply = await owner.ping();
  assert.match(reply.route, /^[0-9a-f]{8}![0-9a-f]{8}![0-9a-f]{8}$/);
  assert.deepEqual([reply.userid, reply.rolemask, reply.rank], [OWNER, 5, 0]);
  assert(reply.ms > 0 && reply.ms < 60_000);
  const asGuest = await guest.ping("broker", { pad: "x".repeat(1000), nodeid: 0, timeoutMs: 5000 });
  assert.deepEqual([asGuest.userid, asGuest.rolemask], [GUEST, Role.USER]);
  assert.notEqual(asGuest.route.split("!")[0], reply.route.split("!")[0]);
  assert.deepEqual(asGuest.route.split("!").slice(1), reply.route.split("!").slice(1));
  await rejects(owner.ping("nosuch"), "ENOSYS");
});

test("log lines are in dmesg, split at line ends, under program and process", async () => {
  await using instance = await startInstance();
  const flux = await instance.connect({ appname: "x".repeat(60), procid: "77" });
  for (const level of LOG_LEVELS) await flux.log(level, `at ${level}`);
  await flux.log("info", "first\nsecond\r\n\r\nthird\n\n");
  await flux.log("info", "");
  await flux.ping();
  const { items } = await drain(flux.callStream("log.dmesg", { follow: false }));
  const all = items.map(({ text }) => parseLogRecord(text ?? "")!);
  const records = all.filter(({ procid }) => procid === "77");
  assert.deepEqual(
    records.map(({ level, message }) => `${level}: ${message}`),
    [
      ...LOG_LEVELS.map((level) => `${level}: at ${level}`),
      "info: first",
      "info: second",
      "info: third",
      "info: ",
    ],
  );
  assert.deepEqual([records[0]?.appname, records[0]?.procid, records[0]?.rank], ["x".repeat(48), "77", 0]);
  assert.match(records[0]?.timestamp ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
});

test("a guest's log line is refused without anyone hearing of it", async () => {
  await using instance = await startInstance();
  const [owner, guest] = [await instance.connect(), await instance.connect(AS_GUEST)];
  await guest.log("err", "let me in");
  await guest.ping();
  assert.equal(guest.status, "connected");
  await owner.log("err", "let me in too");
  const { items } = await drain(owner.callStream("log.dmesg", { follow: false }));
  const lines = items.map(({ text }) => text ?? "").filter((text) => text.includes("let me in"));
  assert.deepEqual(
    lines.map((line) => parseLogRecord(line)?.message),
    ["let me in too"],
  );
});

test("a service may be registered by hand", async () => {
  await using instance = await startInstance();
  const [one, other] = [await instance.connect(), await instance.connect()];
  one.handle("hand.made", (request) => request.respond({ ok: true }));
  await one.call("service.add", { service: "hand" });
  assert.deepEqual(await other.rpc("hand.made"), { ok: true });
  await rejects(other.call("service.add", { service: "hand" }), "EEXIST", null);
  await rejects(other.call("service.remove", { service: "hand" }), "ENOENT", null);
  await rejects(other.call("service.add", {}), "EPROTO");
  await one.call("service.remove", { service: "hand" });
  await rejects(one.call("service.remove", { service: "hand" }), "ENOENT", null);
  await rejects(other.rpc("hand.made"), "ENOSYS");
  await one.close();
  await until(async () => (await clientsOf(other)) === 1, "the end of the connection");
});
