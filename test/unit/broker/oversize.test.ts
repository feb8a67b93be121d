import assert from "node:assert/strict";
import { test } from "node:test";
import { EMPTY, errno } from "../../../src/base/index.ts";
import { Broker } from "../../../src/broker/index.ts";
import type { Flux } from "../../../src/client/index.ts";
import { Message, MessageFlag } from "../../../src/message/index.ts";
import { TestInstance } from "../../../src/testing/index.ts";
import { fixture, ModuleInstance } from "../../helpers/module-instance.ts";
import { RawClient } from "../../helpers/raw-client.ts";
import { drain, rejects } from "../../helpers/rejects.ts";
import { until } from "../../helpers/until.ts";
import { GUEST, OWNER, Users } from "../../helpers/users.ts";

const LIMIT = 64 * 1024;

/** A request of exactly `bytes`, the preamble not counted. */
function requestOf(bytes: number, topic: string, matchtag = 1): Message {
  const bare = Message.request({ topic, matchtag, payload: new Uint8Array(1000) });
  const payload = new Uint8Array(1000 + bytes + 8 - bare.frameBytes());
  const request = Message.request({ topic, matchtag, payload });
  assert.equal(request.frameBytes() - 8, bytes);
  return request;
}

function textOf(bytes: number, what = "request"): string {
  return `${what} of ${bytes} bytes is over the limit of ${LIMIT}`;
}

async function refused(raw: RawClient, request: Message, bytes: number): Promise<void> {
  const response = await raw.ask(request);
  assert.deepEqual([response.errnum, response.text], [errno.EMSGSIZE, textOf(bytes)]);
  assert.deepEqual([response.topic, response.matchtag], [request.topic, request.matchtag]);
}

/** Serves `bank` and calls it afterwards: gives how many requests came. */
async function bank(flux: Flux): Promise<{ count(): number; lives(): Promise<void> }> {
  let count = 0;
  const request = () => ++count;
  await flux.serve("bank", {
    get: { allow: 0xffffffff, answer: () => ({ count: request() }) },
  });
  return {
    count: () => count,
    async lives() {
      assert.equal(flux.status, "connected");
      const before = count;
      assert.equal((await flux.rpc<{ count: number }>("bank.get"))["count"], before + 1);
    },
  };
}

test("a request over the limit is answered EMSGSIZE, and its sender goes on", async () => {
  await using instance = await TestInstance.start({ maxFrameBytes: LIMIT });
  await using raw = await RawClient.connect(instance.uri);
  await refused(raw, requestOf(LIMIT + 1, "broker.ping"), LIMIT + 1);
  await refused(raw, requestOf(5 * LIMIT, "a.b", 7), 5 * LIMIT);
  const silent = requestOf(LIMIT + 1, "broker.ping");
  silent.flags |= MessageFlag.NORESPONSE;
  raw.send(silent);
  const pong = await raw.ask(Message.request({ topic: "broker.ping", matchtag: 2 }));
  assert.equal(pong.matchtag, 2);
  assert.deepEqual(instance.broker.stats.refused, { requests: 3, responses: 0, events: 0 });
});

test("a request that routes make too large is refused, whoever it is for: clients, modules, other ranks", async () => {
  await using users = await Users.start({ allowGuests: true, maxFrameBytes: LIMIT });
  const owner = await users.connect(OWNER);
  const service = await bank(owner);
  await using guest = await users.raw(GUEST);
  // Three route parts of 37 bytes; the payload is no JSON, which the service sees to.
  const grown = LIMIT + 3 * 37;
  await refused(guest, requestOf(LIMIT, "bank.get"), grown);
  await refused(guest, requestOf(LIMIT - 3 * 37 + 1, "bank.get"), LIMIT + 1);
  assert.equal(service.count(), 0);
  const fits = await guest.ask(requestOf(LIMIT - 3 * 37, "bank.get"));
  assert.notEqual(fits.errnum, errno.EMSGSIZE);
  await service.lives();
});

test("a request that has no route stack grows by its delimiter too", async () => {
  await using instance = await TestInstance.start({ maxFrameBytes: LIMIT });
  const service = await bank(await instance.connect());
  await using raw = await RawClient.connect(instance.uri);
  const request = requestOf(LIMIT - 3 * 37 + 1, "bank.get");
  request.edit({ routes: null });
  assert.equal(request.frameBytes() - 8, LIMIT - 3 * 37);
  const response = await raw.ask(request);
  assert.deepEqual([response.errnum, response.text], [errno.EMSGSIZE, textOf(LIMIT + 1)]);
  await service.lives();
});

for (const exec of [false, true]) {
  test(`a module gets no request over the limit (exec: ${exec})`, async () => {
    await using at = await ModuleInstance.start({ maxFrameBytes: LIMIT });
    await at.load(fixture("probe"), [], { exec });
    await using raw = await RawClient.connect(at.instance.uri);
    await refused(raw, requestOf(LIMIT, "probe.info"), LIMIT + 3 * 37);
    assert.equal((await at.flux.rpc("probe.info"))["name"], "probe");
  });
}

test("the way to another rank and its limit count, and nothing between closes", async () => {
  await using instance = await TestInstance.start({ size: 3, topology: "kary:1", maxFrameBytes: LIMIT });
  const service = await bank(await instance.connect({ rank: 2 }));
  await using raw = await RawClient.connect(instance.uri);
  const ask = async (bytes: number): Promise<Message> => {
    const request = requestOf(bytes, "bank.get");
    request.aux1 = 2;
    return raw.ask(request);
  };
  const first = await ask(LIMIT);
  assert.deepEqual([first.errnum, first.text], [errno.EMSGSIZE, textOf(LIMIT + 2 * 37)]);
  // Two parts here, one for each hop, one at the end.
  const last = await ask(LIMIT - 4 * 37);
  assert.deepEqual([last.errnum, last.text], [errno.EMSGSIZE, textOf(LIMIT + 37)]);
  assert.notEqual((await ask(LIMIT - 5 * 37)).errnum, errno.EMSGSIZE);
  await service.lives();
  assert.equal(instance.broker.stats.clients, 1);
});

test("a response over the limit becomes EMSGSIZE for its caller, and ends a stream", async () => {
  await using instance = await TestInstance.start({ maxFrameBytes: LIMIT });
  const [server, caller] = [await instance.connect(), await instance.connect()];
  let streamed = 0;
  await using _service = await server.serve("big", {
    get: { request: (request) => request.respondRaw(new Uint8Array(2 * LIMIT)) },
    *items() {
      for (const length of [10, 20, 2 * LIMIT, 30]) {
        streamed++;
        yield new Uint8Array(length);
      }
    },
  });
  const error = await rejects(caller.rpc("big.get"), "EMSGSIZE");
  assert.match(error.message, /^response of \d+ bytes is over the limit of 65536$/);
  const stream = caller.callStream("big.items");
  const { items, error: end } = await drain(stream);
  assert.deepEqual(
    items.map(({ payload }) => payload?.length),
    [10, 20],
  );
  assert.equal(end?.code, "EMSGSIZE");
  assert.ok(streamed >= 3);
  assert.deepEqual([server.status, caller.status], ["connected", "connected"]);
  assert.equal(instance.broker.stats.refused.responses, 2);
});

test("an event over the limit is dropped, and one that would be is refused before it has a number", async () => {
  const lines: string[] = [];
  await using instance = await TestInstance.start({
    maxFrameBytes: LIMIT,
    onLog: ({ message }) => lines.push(message),
  });
  const flux = await instance.connect();
  await using events = flux.subscribe("");
  await events.ready;
  for (let i = 0; i < 9; i++) flux.sendEvent(flux.encodeEvent("big", new Uint8Array(LIMIT)));
  await rejects(flux.publishRaw("big", new Uint8Array(LIMIT)), "EMSGSIZE");
  assert.equal((await flux.publish("next")).seq, 1);
  assert.deepEqual([(await events.next()).value?.topic, events.dropped], ["next", 0]);
  assert.deepEqual(instance.broker.stats.refused, { requests: 1, responses: 0, events: 9 });
  assert.deepEqual(
    lines.filter((line) => line.includes("over the limit")),
    Array.from(
      { length: 5 },
      () => `event of user ${OWNER}: event of ${LIMIT + 31} bytes is over the limit of ${LIMIT}: dropped`,
    ),
    "five lines for nine events: the others are counted",
  );
});

test("an event of another rank that is over the limit of rank 0 is dropped there, and numbers go on", async () => {
  await using broker = Broker.create({ size: 2, maxFrameBytes: LIMIT });
  const downlink = broker.attach({
    toRank: () => false,
    toParent: () => false,
    toChildren: () => assert.fail("no event goes out"),
    respond: () => false,
  });
  downlink.publish(Message.event({ topic: "big", payload: new Uint8Array(LIMIT) }));
  assert.deepEqual([broker.stats.lastEvent, broker.stats.refused.events], [0, 1]);
});

test("an in-process handle is held to the limit as a socket is", async () => {
  await using instance = await TestInstance.start({ maxFrameBytes: LIMIT });
  await using inside = instance.broker.connect();
  const service = await bank(inside);
  await rejects(inside.call("bank.get", new Uint8Array(2 * LIMIT)), "EMSGSIZE");
  await rejects(inside.call("bank.get", new Uint8Array(LIMIT - 100)), "EMSGSIZE");
  await service.lives();
});

test("a service of the broker answers EMSGSIZE instead of what would be over the limit", async () => {
  await using instance = await TestInstance.start({ maxFrameBytes: LIMIT });
  instance.broker.addService("own", {
    get: () => new Uint8Array(2 * LIMIT),
    async *items() {
      yield new Uint8Array(10);
      yield new Uint8Array(2 * LIMIT);
      yield EMPTY;
    },
  });
  const flux = await instance.connect();
  await rejects(flux.rpc("own.get"), "EMSGSIZE");
  const { items, error } = await drain(flux.callStream("own.items"));
  assert.deepEqual([items.length, error?.code], [1, "EMSGSIZE"]);
});

test("an event that no response can hold counts as lost for a replay, which goes on", async () => {
  await using instance = await TestInstance.start({ maxFrameBytes: 200_000 });
  const flux = await instance.connect();
  flux.sendEvent(flux.encodeEvent("small"));
  flux.sendEvent(flux.encodeEvent("large", new Uint8Array(199_950)));
  await flux.publish("last");
  const seen: string[] = [];
  const lost: number[] = [];
  for await (const event of flux.subscribe("", {
    since: "begin",
    onLost: ({ first, last }) => lost.push(first, last ?? 0),
  })) {
    seen.push(event.topic);
    if (event.topic === "last") break;
  }
  assert.deepEqual(
    [seen, lost],
    [
      ["small", "last"],
      [2, 2],
    ],
  );
  await until(() => flux.pending === 0, "the end of the replay");
});
