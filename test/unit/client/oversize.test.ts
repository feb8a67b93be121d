import assert from "node:assert/strict";
import { test } from "node:test";
import { Message, Role } from "../../../src/message/index.ts";
import { TestInstance } from "../../../src/testing/index.ts";
import { RawClient } from "../../helpers/raw-client.ts";
import { drain, rejects } from "../../helpers/rejects.ts";
import { until } from "../../helpers/until.ts";

const LIMIT = 20_000;
const BIG = new Uint8Array(LIMIT);

test("what a handle would send over its limit is refused, with its size, and the handle lives", async () => {
  await using instance = await TestInstance.start();
  const flux = await instance.connect({ maxFrameBytes: LIMIT });
  await using events = flux.subscribe("");
  await events.ready;
  const text = `request of ${LIMIT + 39} bytes is over the limit of ${LIMIT}`;
  await rejects(flux.call("broker.ping", BIG), "EMSGSIZE", text);
  await rejects(flux.call("broker.ping", BIG, { timeoutMs: 5000 }), "EMSGSIZE", text);
  await rejects(flux.call("broker.ping", BIG, { noResponse: true }), "EMSGSIZE", text);
  await rejects(flux.publish("a", BIG), "EMSGSIZE");
  assert.equal((await drain(flux.stream("broker.ping", BIG))).error?.text, text);
  assert.throws(() => flux.sendEvent(flux.encodeEvent("a", BIG)), {
    code: "EMSGSIZE",
    message: `event of ${LIMIT + 29} bytes is over the limit of ${LIMIT}`,
  });
  assert.throws(() => flux.send(Message.request({ topic: "a.b", payload: BIG })), { code: "EMSGSIZE" });
  assert.equal(flux.pending, 0);
  await flux.publish("last");
  assert.equal((await events.next()).value?.topic, "last");
});

test("a response over the limit of a handle rejects that call alone", async () => {
  await using instance = await TestInstance.start();
  const [server, caller] = [await instance.connect(), await instance.connect({ maxFrameBytes: LIMIT })];
  let canceled = 0;
  await using _service = await server.serve("big", {
    get: () => BIG,
    async *items(_body: unknown, request) {
      request.signal.addEventListener("abort", () => canceled++);
      yield new Uint8Array(1);
      yield BIG;
      await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
    },
  });
  const text = `response of ${LIMIT + 35} bytes is over the limit of ${LIMIT}`;
  const other = caller.ping();
  await rejects(caller.call("big.get"), "EMSGSIZE", text);
  await other;
  const { items, error } = await drain(caller.callStream("big.items"));
  assert.deepEqual([items.length, error?.code], [1, "EMSGSIZE"]);
  await until(() => canceled === 1, "the service is asked to end the stream");
  await until(() => caller.pending === 0, "its tag is free again");
  assert.equal(caller.status, "connected");
});

test("the rest of a stream that a call without a stream cut off meets no other call", async () => {
  await using instance = await TestInstance.start();
  const [server, caller] = [await instance.connect(), await instance.connect({ maxFrameBytes: LIMIT })];
  let goOn!: () => void;
  const more = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  await using _service = await server.serve("big", {
    async *items() {
      yield BIG;
      await more;
      yield { late: true };
    },
  });
  const got: number[] = [];
  const request = Message.request({ topic: "big.items", flags: 0x40 });
  caller.exchange(request, {
    receive(response) {
      got.push(response.errnum);
      return response.errnum !== 0;
    },
    fail: () => assert.fail("the connection stays"),
  });
  await until(() => got.length === 1, "the error");
  const ping = caller.ping();
  goOn();
  assert.equal((await ping).rank, 0);
  await until(() => caller.pending === 0, "the end of the stream");
  assert.deepEqual(got, [90]);
});

test("a request over the limit of the handle that serves it is answered EMSGSIZE", async () => {
  await using instance = await TestInstance.start();
  const [server, caller] = [await instance.connect({ maxFrameBytes: LIMIT }), await instance.connect()];
  await using _service = await server.serve("small", { get: () => ({ n: 1 }) });
  const error = await rejects(caller.call("small.get", BIG), "EMSGSIZE");
  assert.match(error.message, /^request of 20\d\d\d bytes is over the limit of 20000$/);
  await caller.call("small.get", BIG, { noResponse: true });
  assert.deepEqual(await caller.rpc("small.get"), { n: 1 });
});

test("an event over the limit of a handle counts as lost", async () => {
  const lines: string[] = [];
  await using instance = await TestInstance.start();
  const reader = await instance.connect({ maxFrameBytes: LIMIT, onLog: (_level, text) => lines.push(text) });
  await using all = reader.subscribe("");
  await using some = reader.subscribe("big.");
  await using others = reader.subscribe("other.");
  await Promise.all([all.ready, some.ready, others.ready]);
  const writer = await instance.connect();
  await writer.publish("first");
  await writer.publish("big.one", BIG);
  await writer.publish("last");
  assert.equal((await all.next()).value?.topic, "first");
  assert.equal((await all.next()).value?.topic, "last");
  assert.deepEqual([all.dropped, some.dropped, others.dropped], [1, 1, 0]);
  assert.deepEqual(lines, [`lost event 2: event of ${LIMIT + 34} bytes is over the limit of ${LIMIT}`]);
});

test("an answer over the limit becomes EMSGSIZE for the caller, and is logged where it was made", async () => {
  const lines: string[] = [];
  await using instance = await TestInstance.start();
  const onLog = (_level: string, text: string): unknown => lines.push(text);
  const server = await instance.connect({ maxFrameBytes: LIMIT, onLog });
  let left = false;
  await using _service = await server.serve("big", {
    get: () => BIG,
    raw: { allow: Role.ALL, request: (request) => request.respondRaw(BIG) },
    *items() {
      try {
        yield new Uint8Array(1);
        yield BIG;
        yield new Uint8Array(2);
      } finally {
        left = true;
      }
    },
  });
  const caller = await instance.connect();
  for (const method of ["big.get", "big.raw"]) {
    const error = await rejects(caller.call(method), "EMSGSIZE");
    assert.match(error.message, /^response of 20\d\d\d bytes is over the limit of 20000$/);
  }
  const { items, error } = await drain(caller.callStream("big.items"));
  assert.deepEqual([items.length, error?.code], [1, "EMSGSIZE"]);
  assert.deepEqual([left, server.serving, server.status], [true, 0, "connected"]);
  assert.deepEqual(
    lines.map((line) => line.replace(/\d+ bytes/, "N bytes")),
    [`handler of big.get failed: response of N bytes is over the limit of ${LIMIT}`],
    "the first one, the others are counted",
  );
});

test("a peer that knows no limits does not end a handle", async () => {
  await using instance = await TestInstance.start();
  const reader = await instance.connect({ maxFrameBytes: LIMIT });
  await using events = reader.subscribe("a");
  await events.ready;
  await using raw = await RawClient.connect(instance.uri);
  raw.send(Message.event({ topic: "a", payload: new Uint8Array(300_000) }));
  raw.send(Message.event({ topic: "a" }));
  assert.equal((await events.next()).value?.message.seq, 2);
  assert.equal(events.dropped, 1);
});
