import assert from "node:assert/strict";
import { test } from "node:test";
import type { Flux } from "../../../src/client/index.ts";
import type { JsonObject } from "../../../src/json/index.ts";
import { Message, textPayload } from "../../../src/message/index.ts";
import { TestInstance, type TestInstanceOptions } from "../../../src/testing/index.ts";
import { RawClient } from "../../helpers/raw-client.ts";
import { rejects } from "../../helpers/rejects.ts";
import { until, within } from "../../helpers/until.ts";

const LIMIT = 1024 * 1024;
/** What a batch of events, encoded together, may hold beyond the limit. */
const SLACK = 64 * 1024;

/** An instance whose clients have a queue of 1 MiB, with what it logs. */
async function limited(options: TestInstanceOptions = {}) {
  const lines: string[] = [];
  const instance = await TestInstance.start({
    clientQueueBytes: LIMIT,
    onLog: ({ level, message }) => lines.push(`${level} ${message}`),
    ...options,
  });
  return {
    instance,
    lines,
    slow: () => instance.broker.stats.slow,
    [Symbol.asyncDispose]: () => instance.stop(),
  };
}

/** A raw client that subscribed to all events and reads no more. */
async function stalled(instance: TestInstance): Promise<RawClient> {
  const client = await RawClient.connect(instance.uri);
  await client.ask(
    Message.request({ topic: "event.subscribe", matchtag: 1, payload: textPayload('{"topic":""}') }),
  );
  client.pause();
  return client;
}

/** Publishes events of 8 KiB, some at a time, until `done`; gives their number, and fails when they are too many. */
async function publishUntil(flux: Flux, done: () => boolean): Promise<number> {
  const payload = new Uint8Array(8192);
  for (let count = 0; count < 5000; count += 20) {
    if (done()) return count;
    await Promise.all(Array.from({ length: 20 }, () => flux.publishRaw("e", payload)));
  }
  return assert.fail("5000 events changed nothing");
}

/** The longest queue of a client, in bytes. */
async function longestQueue(flux: Flux): Promise<number> {
  const { server } = await flux.rpc<{ server: { clients: JsonObject[] } }>("connector-local.stats-get");
  return Math.max(...server.clients.map((client) => Number(client["txbacklog"])));
}

for (const others of [1, 5]) {
  test(`a subscriber that does not read is closed, and ${others} others get every event`, async () => {
    await using s = await limited();
    const flux = await s.instance.connect();
    const readers = await Promise.all(Array.from({ length: others }, () => s.instance.connect()));
    const subscriptions = readers.map((reader) => reader.subscribe(""));
    await Promise.all(subscriptions.map(({ ready }) => ready));
    await using client = await stalled(s.instance);
    const count = await publishUntil(flux, () => s.slow().disconnects > 0);
    assert.deepEqual(s.slow(), { disconnects: 1, droppedEvents: 0, refusedRequests: 0 });
    assert.equal(s.instance.broker.stats.clients, others + 1);
    assert.equal(s.lines.length, 1);
    const [, queued] =
      /^warning client=[0-9a-f]{5} pid=\d+ does not read: closed with (\d+) bytes queued$/.exec(
        s.lines[0]!,
      ) ?? [];
    assert(Number(queued) > LIMIT / 2 && Number(queued) <= LIMIT + SLACK, s.lines[0]);
    for (const events of subscriptions) {
      await until(() => events.queued === count, "every event");
      for (let seq = 1; seq <= count; seq++) assert.equal((await events.next()).value?.seq, seq);
    }
    client.socket.resume();
    await within(client.ended, "the end of the one that was closed");
  });

  test(`drop-events: it misses events instead, and ${others} others none`, async () => {
    await using s = await limited({ slowClient: "drop-events" });
    const flux = await s.instance.connect();
    const readers = await Promise.all(Array.from({ length: others }, () => s.instance.connect()));
    const subscriptions = readers.map((reader) => reader.subscribe(""));
    await Promise.all(subscriptions.map(({ ready }) => ready));
    await using client = await stalled(s.instance);
    const count = await publishUntil(flux, () => s.slow().droppedEvents > 50);
    assert.equal(s.slow().disconnects, 0);
    assert((await longestQueue(flux)) <= LIMIT + SLACK);
    assert.equal(s.lines.length, 1, "it is logged once");
    assert.match(
      s.lines[0]!,
      /^warning client=[0-9a-f]{5} pid=\d+ does not keep up: events from \d+ on are dropped for it$/,
    );
    const { droppedEvents } = s.slow();
    client.socket.resume();
    const seen: number[] = [];
    while (seen.length < count - droppedEvents) seen.push((await client.next()).seq);
    assert(seen.every((seq, index) => index === 0 || seq > seen[index - 1]!));
    assert.equal(seen[0], 1);
    await flux.publish("end");
    assert.equal((await client.next()).topic, "end", "it is served again when it reads");
    for (const events of subscriptions) await until(() => events.queued === count + 1, "every event");
  });
}

test("a client without room for a response is closed, whatever the policy", async () => {
  await using s = await limited({ slowClient: "drop-events" });
  s.instance.broker.addService("big", { get: () => new Uint8Array(100_000) });
  await using client = await RawClient.connect(s.instance.uri);
  client.pause();
  for (let i = 1; i <= 100; i++) client.send(Message.request({ topic: "big.get", matchtag: i }));
  await until(() => s.slow().disconnects === 1, "the end of the one that does not read");
  await until(() => s.instance.broker.stats.clients === 0, "its end at the broker");
});

test("requests to a service that does not read fail with EAGAIN", async () => {
  await using s = await limited();
  const server = await RawClient.connect(s.instance.uri);
  await server.ask(
    Message.request({ topic: "service.add", matchtag: 1, payload: textPayload('{"service":"deaf"}') }),
  );
  server.pause();
  const flux = await s.instance.connect();
  const payload = new Uint8Array(50_000);
  const held: Promise<unknown>[] = [];
  for (let i = 0; i < 100 && s.slow().refusedRequests === 0; i++) {
    held.push(flux.rpcRaw("deaf.do", payload).catch((error: { code: string }) => error.code));
    await flux.ping();
  }
  const error = await rejects(flux.rpcRaw("deaf.do", payload), "EAGAIN");
  assert.equal(error.text, "service of deaf.do does not keep up: its queue is full");
  assert.equal(s.slow().disconnects, 0);
  assert((await longestQueue(flux)) <= LIMIT);
  const taken = held.length - 1;
  server.socket.resume();
  for (let i = 0; i < taken; i++) server.send((await server.next()).deriveResponse(0, undefined));
  assert.deepEqual(await Promise.all(held), [...Array.from({ length: taken }, () => undefined), "EAGAIN"]);
  await server.close();
});

test("a message larger than the queue goes to a client that has nothing queued", async () => {
  await using s = await limited();
  const flux = await s.instance.connect();
  await using events = flux.subscribe("a");
  await flux.publishRaw("a", new Uint8Array(3 * LIMIT));
  assert.equal((await events.next()).value?.payload?.length, 3 * LIMIT);
});
