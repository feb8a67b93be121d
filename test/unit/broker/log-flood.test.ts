import assert from "node:assert/strict";
import { test } from "node:test";
import type { LogRecord } from "../../../src/client/index.ts";
import { Role } from "../../../src/message/index.ts";
import { drain, rejects } from "../../helpers/rejects.ts";
import { until } from "../../helpers/until.ts";
import { GUEST, OWNER, Users } from "../../helpers/users.ts";

/** Users of an instance, and what it has logged. */
async function start(options: { readonly allowGuests: boolean; readonly logSummaryMs?: number }) {
  const records: LogRecord[] = [];
  const users = await Users.start({ ...options, onLog: (record) => records.push(record) });
  const logged = (pattern: RegExp) =>
    records.map(({ message }) => message).filter((text) => pattern.test(text));
  return { users, records, logged };
}

/** Connects as a user who is not admitted. */
async function knock(users: Users, userid: number): Promise<void> {
  await using client = await users.raw(userid);
  assert.notEqual(client.admission, 0);
}

test("users who are not admitted don't push the owner's records out of the ring", async () => {
  const { users, records, logged } = await start({ allowGuests: false });
  await using _instance = users;
  const owner = await users.connect(OWNER);
  await owner.log("info", "precious");
  for (let i = 0; i < 1100; i++) await knock(users, GUEST + (i % 2));
  const { items } = await drain(owner.callStream("log.dmesg", { follow: false }));
  assert.equal(items.filter(({ text }) => text?.includes("precious")).length, 1);
  assert.equal(logged(/no assigned roles/).length, 10);
  await users.instance.stop();
  assert.deepEqual(
    logged(/^refused connections/).map((text) => text.replace(/\d+ s$/, "")),
    [GUEST, GUEST + 1].map((userid) => `refused connections: … and 545 more of user ${userid} in `),
  );
  assert(records.length < 30, `${records.length} records`);
});

test("long records cost the log their longest length each", async () => {
  const { users } = await start({ allowGuests: false });
  await using _instance = users;
  const owner = await users.connect(OWNER);
  const record = Buffer.from(`<48>1 2026-01-02T03:04:05Z 0 x 1 - - ${"y".repeat(1024 * 1024)}`);
  for (let i = 0; i < 20; i++) await owner.rpcRaw("log.append", record);
  const { items } = await drain(owner.callStream("log.dmesg", { follow: false }));
  const long = items.filter(({ text }) => text?.includes("yyy"));
  assert.equal(long.length, 20);
  assert(long.every(({ text = "" }) => text.length <= 128 * 1024 && text.endsWith("… [cut: 1048613 bytes]")));
});

test("a summary comes once in an interval, without a further line", async () => {
  const { users, logged } = await start({ allowGuests: false, logSummaryMs: 50 });
  await using _instance = users;
  for (let i = 0; i < 20; i++) await knock(users, GUEST);
  await until(() => logged(/refused connections: … and [\d,]+ more/).length > 0, "a summary");
});

test("a fault is logged once with its stack, whatever the topic, and the caller hears nothing of it", async () => {
  const { users, records, logged } = await start({ allowGuests: true });
  await using _instance = users;
  users.instance.broker.addService("bad", {
    type: {
      allow: Role.ALL,
      answer: () => {
        throw new TypeError("secret of the inside");
      },
    },
    system: {
      allow: Role.ALL,
      answer: () => {
        throw Object.assign(new Error("ENOENT: no such file, open '/secret'"), { code: "ENOENT" });
      },
    },
  });
  const guest = await users.connect(GUEST);
  for (let i = 0; i < 200; i++) {
    await rejects(guest.rpc("bad.type"), "EIO", "internal error: the log of the service has more");
    assert.equal((await rejects(guest.rpc("bad.system"), "ENOENT")).text, undefined);
  }
  assert.deepEqual(logged(/secret/), [
    "bad.type: TypeError: secret of the inside",
    "bad.system: Error: ENOENT: no such file, open '/secret'",
  ]);
  assert(logged(/^\s+at .*log-flood\.test/).length >= 2);
  await users.instance.stop();
  assert.equal(logged(/^fault of service, (Type)?Error at .*: … and 199 more in \d+ s$/).length, 2);
  assert(records.length < 40, `${records.length} records`);
});

test("a message that a guest may not see is a line a time, but for the first few", async () => {
  const { users, logged } = await start({ allowGuests: true });
  await using _instance = users;
  const [owner, guest] = [await users.connect(OWNER), await users.connect(GUEST, { onLog() {} })];
  await using events = guest.subscribe("");
  await events.ready;
  for (let i = 0; i < 50; i++) await owner.publish("a", {}, { private: true });
  assert.equal(logged(/Operation not permitted/).length, 5);
  await users.instance.stop();
  assert.equal(logged(new RegExp(`private event withheld: … and 45 more of user ${GUEST}`)).length, 1);
});

test("a program that serves others logs a fault of its own once, whoever calls", async () => {
  const { users } = await start({ allowGuests: true });
  await using _instance = users;
  const lines: string[] = [];
  const server = await users.connect(OWNER, { onLog: (_level, text) => lines.push(text) });
  server.handle(
    "svc.*",
    () => {
      throw new TypeError("a fault");
    },
    { allow: Role.ALL },
  );
  await server.call("service.add", { service: "svc" });
  const guest = await users.connect(GUEST);
  for (let i = 0; i < 50; i++) await rejects(guest.rpc(`svc.method${i}`), "EIO");
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /^handler of svc\.method0 failed: TypeError: a fault\n\s+at .*log-flood\.test/);
  await server.close();
  assert.match(lines[1]!, /^fault of handler, TypeError at .*: … and 49 more in \d+ s$/);
});

test("malformed requests make fewer bytes of log than they have", async () => {
  const { users, records } = await start({ allowGuests: true });
  await using _instance = users;
  const guest = await users.connect(GUEST);
  let sent = 0;
  for (let i = 0; i < 300; i++) {
    const payload = { who: { toString: i, valueOf: 1 } };
    sent += JSON.stringify(payload).length;
    for (const topic of ["broker.rusage", "broker.ping", "attr.get", "groups.get"])
      await guest.rpc(topic, payload).catch(() => {});
  }
  await users.instance.stop();
  const logged = records.reduce((sum, { message }) => sum + message.length, 0);
  assert(logged < sent, `${logged} of ${sent} bytes`);
});
