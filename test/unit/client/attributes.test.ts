import assert from "node:assert/strict";
import { test } from "node:test";
import { Flux, LOG_LEVELS, parseLogRecord } from "../../../src/client/index.ts";
import { connectorPair } from "../../../src/connector/index.ts";
import type { Message } from "../../../src/message/index.ts";
import { TestInstance } from "../../../src/testing/index.ts";
import { drain, rejects } from "../../helpers/rejects.ts";
import { until } from "../../helpers/until.ts";
import { GUEST, OWNER, Users } from "../../helpers/users.ts";

test("attributes that can't change are asked for once, others each time", async () => {
  await using instance = await TestInstance.start({ attributes: { "test.mood": "good" } });
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
  await using instance = await TestInstance.start();
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

test("answers that lack what they should have are EPROTO", async () => {
  const [near, far] = connectorPair();
  far.start({ message: (message: Message) => far.send(message.deriveResponse(0, undefined)), closed() {} });
  const flux = new Flux(near, () => assert.fail("no reconnect"));
  await rejects(flux.attributes.get("rank"), "EPROTO", "response to attr.get has no value");
  await rejects(flux.attributes.list(), "EPROTO", "response to attr.list has no names");
  await rejects(flux.ping(), "EPROTO");
  await flux.close();
});

test("ping: the hops, the credentials and the rank that answered", async () => {
  await using users = await Users.start();
  const [owner, guest] = [await users.connect(OWNER), await users.connect(GUEST)];
  const reply = await owner.ping();
  assert.match(reply.route, /^[0-9a-f]{8}![0-9a-f]{8}![0-9a-f]{8}$/);
  assert.deepEqual([reply.userid, reply.rolemask, reply.rank], [OWNER, 5, 0]);
  assert(reply.ms > 0 && reply.ms < 60_000);
  const asGuest = await guest.ping("broker", { pad: "x".repeat(1000), nodeid: 0, timeoutMs: 5000 });
  assert.deepEqual([asGuest.userid, asGuest.rolemask], [GUEST, 6]);
  assert.notEqual(asGuest.route.split("!")[0], reply.route.split("!")[0]);
  assert.deepEqual(asGuest.route.split("!").slice(1), reply.route.split("!").slice(1));
  await rejects(owner.ping("nosuch"), "ENOSYS");
});

test("log lines are in dmesg, split at line ends, under program and process", async () => {
  await using instance = await TestInstance.start();
  const flux = await instance.connect({ appname: "x".repeat(60), procid: "77" });
  for (const level of LOG_LEVELS) await flux.log(level, `at ${level}`);
  await flux.log("info", "first\nsecond\r\n\r\nthird\n\n");
  await flux.log("info", "");
  await flux.ping();
  const { items } = await drain(flux.callStream("log.dmesg", { follow: false }));
  const records = items.map(({ text }) => parseLogRecord(text ?? "")!);
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
  await using users = await Users.start();
  const [owner, guest] = [await users.connect(OWNER), await users.connect(GUEST)];
  await guest.log("err", "let me in");
  await guest.ping();
  assert.equal(guest.status, "connected");
  assert.deepEqual((await drain(owner.callStream("log.dmesg", { follow: false }))).items, []);
});

test("a service may be registered by hand", async () => {
  await using instance = await TestInstance.start();
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
  await until(() => instance.broker.stats.clients === 1, "the end of the connection");
});
