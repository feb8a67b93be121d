import assert from "node:assert/strict";
import { test } from "node:test";
import { errno } from "../../../src/base/index.ts";
import { Message, textPayload } from "../../../src/message/index.ts";
import { TestInstance } from "../../../src/testing/index.ts";
import type { RawClient } from "../../helpers/raw-client.ts";
import { rejects } from "../../helpers/rejects.ts";
import { until, within } from "../../helpers/until.ts";
import { GUEST, OWNER, Users } from "../../helpers/users.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** What guests hold at the broker. */
const held = (users: Users) => users.instance.broker.stats.guests;

const request = (topic: string, body: object, matchtag = 1) =>
  Message.request({ topic, matchtag, payload: textPayload(JSON.stringify(body)) });

/** Sends requests until one fails; resolves to the number that did not, and the error. */
async function untilRefused(client: RawClient, make: (index: number) => Message) {
  for (let count = 0; count < 100_000; count++) {
    const { errnum } = await client.ask(make(count));
    if (errnum !== 0) return { count, errnum };
  }
  return assert.fail("100,000 requests were not refused");
}

test("prefixes and services of a guest are limited in bytes, and gone with its connection", async () => {
  await using users = await Users.start({ allowGuests: true, guestBytes: 2 * MIB });
  const long = "x".repeat(180);
  for (const make of [
    (index: number) => request("event.subscribe", { topic: `${index}${long}` }),
    (index: number) => request("service.add", { service: `${GUEST}-${index}${long}` }),
  ]) {
    const guest = await users.raw(GUEST);
    const { count, errnum } = await untilRefused(guest, make);
    assert.equal(errnum, errno.ENOBUFS);
    assert(count > 500 && count < 10_000, `${count}`);
    assert(held(users).bytes <= 2 * MIB);
    await using other = await users.raw(GUEST + 1);
    assert.equal((await other.ask(request("event.subscribe", { topic: "a" }))).errnum, 0);
    await guest.close();
    await other.close();
    await until(() => held(users).bytes === 0, "nothing held");
  }
});

test("what a guest takes back it may have again", async () => {
  await using users = await Users.start({ allowGuests: true, guestBytes: 400 * KIB });
  await using guest = await users.raw(GUEST);
  const subscribe = (index: number) => request("event.subscribe", { topic: `${index}` });
  const { count } = await untilRefused(guest, subscribe);
  for (let index = 0; index < count; index++)
    assert.equal((await guest.ask(request("event.unsubscribe", { topic: `${index}` }))).errnum, 0);
  assert.equal((await untilRefused(guest, subscribe)).count, count);
});

test("requests with different routes are noted within the guest's limit", async () => {
  await using users = await Users.start({ allowGuests: true, guestBytes: 2 * MIB });
  await using guest = await users.raw(GUEST);
  const topics = (index: number) => Message.request({ topic: `nobody${index}.x`, matchtag: 1 });
  let answer = await guest.ask(topics(0));
  let count = 0;
  for (; answer.errnum === errno.ENOSYS && count < 10_000; count++) answer = await guest.ask(topics(count));
  assert.equal(answer.errnum, errno.ENOBUFS);
  assert.match(answer.text ?? "", /holds too much/);
  const owner = await users.connect(OWNER);
  await rejects(owner.rpc("nobody.x"), "ENOSYS");
});

test("unfinished frames of a guest count, on all its connections together", async () => {
  await using users = await Users.start({ allowGuests: true, guestBytes: 8 * MIB });
  const owner = await users.connect(OWNER);
  const guests = await Promise.all(Array.from({ length: 6 }, () => users.raw(GUEST)));
  const start = Buffer.alloc(2 * MIB);
  start.writeUInt32BE(0x1200eeff, 0);
  start.writeUInt32BE(100 * MIB, 4);
  let closed = 0;
  for (const guest of guests) {
    void guest.ended.then(() => closed++);
    guest.send(start);
  }
  await until(() => closed > 0 && held(users).closed === closed, "a connection that is closed");
  assert(closed < guests.length, "not all of them");
  await until(() => held(users).bytes <= 8 * MIB, "what is held");
  assert.equal((await owner.ping()).rank, 0);
  for (const guest of guests) await guest.close();
});

test("guests that subscribe and do not read cost no more than their limits, and the owner nothing", async () => {
  await using users = await Users.start({ allowGuests: true, guestBytes: 4 * MIB, guestsBytes: 8 * MIB });
  const owner = await users.connect(OWNER);
  await using events = owner.subscribe("");
  await events.ready;
  const mute = await Promise.all(
    Array.from({ length: 12 }, async (_, index) => {
      const guest = await users.raw(GUEST + (index % 4));
      await guest.ask(request("event.subscribe", { topic: "" }));
      guest.pause();
      return guest;
    }),
  );
  const payload = new Uint8Array(32 * KIB);
  let published = 0;
  while (held(users).closed < mute.length / 2) {
    assert(published < 5000, "5000 events closed nobody");
    await Promise.all(Array.from({ length: 10 }, () => owner.publishRaw("e", payload)));
    published += 10;
    assert(held(users).bytes <= 8 * MIB, `${held(users).bytes} bytes`);
  }
  for (let seq = 1; seq <= published; seq++)
    assert.equal((await within(events.next(), "an event")).value?.seq, seq);
  for (const guest of mute) guest.socket.destroy();
});

test("a guest has so many connections, all guests together so many, and the owner gets in", async () => {
  await using users = await Users.start({ allowGuests: true, guestConnections: 2, guestsConnections: 3 });
  const first = await users.raw(GUEST);
  await using _second = await users.raw(GUEST);
  assert.equal((await users.raw(GUEST)).admission, errno.EAGAIN);
  await using _other = await users.raw(GUEST + 1);
  assert.equal((await users.raw(GUEST + 2)).admission, errno.EAGAIN);
  assert.equal((await (await users.connect(OWNER)).ping()).rank, 0);
  await first.close();
  await until(() => held(users).connections === 2, "a free place");
  assert.equal((await users.raw(GUEST)).admission, 0);
});

test("a guest's service can't answer what it was not asked", async () => {
  await using users = await Users.start();
  const owner = await users.connect(OWNER);
  const bank = await users.connect(OWNER);
  const answers: (() => void)[] = [];
  await bank.serve("bank", {
    balance: { request: (request) => void answers.push(() => request.respond({ balance: 7 })) },
  });
  await using guest = await users.raw(GUEST);
  await guest.ask(request("service.add", { service: `${GUEST}-svc` }));
  const hello = owner.rpc(`${GUEST}-svc.hello`);
  const asked = await guest.next();
  const balance = owner.rpc("bank.balance");
  await until(() => answers.length > 0, "the owner's request");
  const routes = asked.routes ?? [];
  for (let matchtag = 0; matchtag < 64; matchtag++) {
    if (matchtag === asked.matchtag) continue;
    guest.send(Message.response({ topic: "bank.balance", matchtag, routes, payload: textPayload("{}") }));
  }
  await until(() => held(users).forged === 63, "dropped responses");
  answers[0]!();
  assert.deepEqual(await balance, { balance: 7 });
  const { matchtag } = asked;
  const genuine = { topic: asked.topic!, matchtag, routes, payload: textPayload('{"hello":1}') };
  guest.send(Message.response(genuine));
  assert.deepEqual(await hello, { hello: 1 });
  guest.send(Message.response(genuine));
  await until(() => held(users).forged === 64, "a second answer is dropped");
});

test("guests leave half of a service's queue to the owner", async () => {
  await using users = await Users.start({ allowGuests: true, clientQueueBytes: 2 * MIB });
  await using service = await users.raw(OWNER);
  await service.ask(request("service.add", { service: "slow" }));
  service.pause();
  const payload = new Uint8Array(64 * KIB);
  const ask = (matchtag: number) => Message.request({ topic: "slow.m", matchtag, payload });
  await using guest = await users.raw(GUEST);
  for (let tag = 1; tag <= 60; tag++) guest.send(ask(tag));
  assert.equal((await guest.next("a refusal")).errnum, errno.EAGAIN);
  const owner = await users.raw(OWNER);
  for (let tag = 1; tag <= 8; tag++) owner.send(ask(tag));
  const pong = await owner.ask(request("broker.ping", {}, 99));
  assert.equal(pong.matchtag, 99, "the owner's requests have room");
  await owner.close();
});

test("a guest's request that is as large as a service's queue leaves the owner its room", async () => {
  await using users = await Users.start({ allowGuests: true, clientQueueBytes: 2 * MIB });
  await using service = await users.raw(OWNER);
  await service.ask(request("service.add", { service: "slow" }));
  service.pause();
  await using guest = await users.raw(GUEST);
  // What the system takes of it is not in the queue any more.
  guest.send(Message.request({ topic: "slow.m", matchtag: 1, payload: new Uint8Array(2 * MIB - 1000) }));
  assert.equal((await guest.ask(request("broker.ping", {}, 2))).matchtag, 2);
  await using owner = await users.raw(OWNER);
  const payload = new Uint8Array(64 * KIB);
  for (let tag = 1; tag <= 16; tag++)
    owner.send(Message.request({ topic: "slow.m", matchtag: tag, payload }));
  assert.equal((await owner.ask(request("broker.ping", {}, 99))).matchtag, 99);
});

test("a guest's publication is limited in size, and refused before it has a number", async () => {
  await using users = await Users.start({ allowGuests: true, guestPublishBytes: 64 * KIB });
  const [owner, guest] = [await users.connect(OWNER), await users.connect(GUEST)];
  const error = await rejects(guest.publishRaw("e", new Uint8Array(64 * KIB)), "EMSGSIZE");
  assert.match(error.message, /over the limit of 65536 for guests/);
  assert.deepEqual(await guest.publishRaw("e", new Uint8Array(32 * KIB)), { seq: 1 });
  assert.deepEqual(await owner.publishRaw("e", new Uint8Array(64 * KIB)), { seq: 2 });
});

test("a guest has 4,096 services, on all its connections, and places become free with them", async () => {
  await using users = await Users.start({ allowGuests: true });
  const [one, other] = [await users.raw(GUEST), await users.raw(GUEST)];
  const add = (index: number) => request("service.add", { service: `${GUEST}-${index}` });
  for (let index = 0; index < 4000; index++) assert.equal((await one.ask(add(index))).errnum, 0);
  const { count, errnum } = await untilRefused(other, (index) => add(4000 + index));
  assert.deepEqual([count, errnum], [96, errno.ENOBUFS]);
  assert.equal((await one.ask(request("service.remove", { service: `${GUEST}-7` }))).errnum, 0);
  assert.equal((await other.ask(add(5000))).errnum, 0);
  await one.close();
  await until(() => held(users).connections === 1, "the connection is gone");
  assert.equal((await other.ask(add(1))).errnum, 0);
  await other.close();
});

test("limits of guests that are none are refused by name", async () => {
  for (const name of ["guestBytes", "guestsBytes", "guestConnections", "guestsConnections"])
    for (const value of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])
      await rejects(
        TestInstance.start({ [name]: value }),
        "EINVAL",
        `${name} is ${value}: it has to be a whole number from ${name.endsWith("Bytes") ? 1 : 0} to ${
          name.endsWith("Bytes") ? 1024 ** 4 : 0xffff_ffff
        }`,
      );
});
