import assert from "node:assert/strict";
import { test } from "node:test";
import { Message, MessageFlag, Role, textPayload } from "../../../src/message/index.ts";
import { drain, rejects } from "../../helpers/rejects.ts";
import { until } from "../../helpers/until.ts";
import { GUEST, OWNER, Users } from "../../helpers/users.ts";

const GUEST_ROLES = Role.USER | Role.LOCAL;
const OWNER_ONLY = "Request requires owner credentials";

test("a guest's messages bear its own user id and roles, whatever it writes in them", async () => {
  await using users = await Users.start();
  const owner = await users.connect(OWNER);
  const seen: number[][] = [];
  owner.handle(
    "svc.*",
    (request) => {
      seen.push([request.userid, request.rolemask]);
      request.respond();
    },
    { allow: Role.ALL },
  );
  await owner.call("service.add", { service: "svc" });
  await using guest = await users.raw(GUEST);
  for (const fields of [{}, { userid: OWNER, rolemask: Role.OWNER }, { userid: 5 }, { rolemask: Role.ALL }])
    assert.equal((await guest.ask(Message.request({ topic: "svc.a", matchtag: 1, ...fields }))).errnum, 0);
  assert.deepEqual(
    seen,
    [1, 2, 3, 4].map(() => [GUEST, GUEST_ROLES]),
  );
  await using events = owner.subscribe("e", { allow: Role.ALL });
  await events.ready;
  guest.send(Message.event({ topic: "e", userid: OWNER, rolemask: Role.OWNER }));
  const event = (await events.next()).value!;
  assert.deepEqual([event.userid, event.rolemask], [GUEST, GUEST_ROLES]);
});

test("responses to a guest come from the owner's broker", async () => {
  await using users = await Users.start();
  await using guest = await users.raw(GUEST);
  const rank = await guest.ask(
    Message.request({ topic: "attr.get", matchtag: 1, payload: textPayload('{"name":"rank"}') }),
  );
  assert.deepEqual([rank.userid, rank.rolemask, rank.text], [OWNER, 5, '{"value":"0","flags":1}']);
});

test("what a guest may not", async () => {
  await using users = await Users.start();
  const guest = await users.connect(GUEST);
  for (const [topic, payload] of [
    ["attr.set", { name: "test.a", value: "1" }],
    ["attr.rm", { name: "test.a" }],
    ["log.clear", undefined],
    ["log.stats-get", undefined],
    ["broker.getenv", { names: ["PATH"] }],
    ["broker.setenv", { env: {} }],
    ["broker.stats-clear", undefined],
    ["connector-local.stats-get", undefined],
  ] as const)
    await rejects(guest.rpc(topic, payload), "EPERM", OWNER_ONLY);
  assert.equal((await drain(guest.stream("log.dmesg", { follow: false }))).error?.code, "EPERM");
});

test("what a guest may", async () => {
  await using users = await Users.start();
  const guest = await users.connect(GUEST);
  assert.equal(await guest.attributes.get("rank"), "0");
  assert((await guest.attributes.list()).length > 10);
  assert.deepEqual((await guest.ping()).userid, GUEST);
  assert.ok(await guest.rpc("broker.stats-get"));
  assert.ok(await guest.rpc("broker.rusage"));
  assert.ok(await guest.rpc("module.list"));
  assert.deepEqual(await guest.publish("a"), { seq: 1 });
  await using _events = guest.subscribe("");
  await guest.publish("b");
  await rejects(guest.rpc("nosuch.a"), "ENOSYS");
});

test("private events: the owner's connections get them, and those of their sender", async () => {
  await using users = await Users.start();
  const [owner, guest, same, other] = [
    await users.connect(OWNER),
    await users.connect(GUEST, { onLog() {} }),
    await users.connect(GUEST, { onLog() {} }),
    await users.connect(GUEST + 1, { onLog() {} }),
  ];
  const options = { allow: Role.ALL };
  const all = [owner, guest, same, other].map((flux) => flux.subscribe("", options));
  await Promise.all(all.map(({ ready }) => ready));
  await guest.publish("guest.secret", {}, { private: true });
  guest.sendEvent(guest.encodeEvent("guest.sent", {}, { private: true }));
  await owner.publish("owner.secret", {}, { private: true });
  await guest.publish("end");
  const topics = async (index: number, count: number) => {
    await until(() => all[index]!.queued >= count, "the events");
    const seen: string[] = [];
    while (all[index]!.queued > 0) seen.push((await all[index]!.next()).value?.topic ?? "");
    return seen;
  };
  assert.deepEqual(await topics(0, 4), ["guest.secret", "guest.sent", "owner.secret", "end"]);
  assert.deepEqual(await topics(1, 3), ["guest.secret", "guest.sent", "end"]);
  assert.deepEqual(await topics(2, 3), ["guest.secret", "guest.sent", "end"]);
  assert.deepEqual(await topics(3, 1), ["end"]);
  const { items } = await drain(owner.callStream("log.dmesg", { follow: false }));
  const refusals = items.filter(({ text }) =>
    /<24>1 .* broker \d+ - - router: event > client=[0-9a-f]{5}: Operation not permitted$/.test(text ?? ""),
  );
  assert.equal(refusals.length, 5);
});

test("an owner speaks for a guest: the private event goes to that guest", async () => {
  await using users = await Users.start();
  const [guest, speaker] = [
    await users.connect(GUEST),
    await users.connect(OWNER, { userid: GUEST, rolemask: Role.USER }),
  ];
  await using events = guest.subscribe("a", { allow: Role.ALL });
  await events.ready;
  await speaker.publish("a.secret", {}, { private: true });
  const event = (await events.next()).value!;
  assert.deepEqual([event.userid, event.rolemask, event.private], [GUEST, Role.USER, true]);
});

test("a guest can't cancel what an owner asked for", async () => {
  await using users = await Users.start();
  const owner = await users.connect(OWNER);
  const dmesg = owner.callStream("log.dmesg", { follow: true });
  await using guest = await users.raw(GUEST);
  const cancel = Message.request({
    topic: "log.cancel",
    matchtag: 1,
    payload: textPayload('{"matchtag":1}'),
  });
  await guest.ask(cancel);
  guest.send(Message.request({ topic: "log.disconnect", flags: MessageFlag.NORESPONSE }));
  await owner.log("info", "still here");
  const line = await dmesg.next();
  assert.match(line.value?.text ?? "", /still here/);
  await dmesg.return();
});
