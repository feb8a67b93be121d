import assert from "node:assert/strict";
import { test } from "node:test";
import { Message } from "../../../src/message/index.ts";
import { TestInstance, type TestInstanceOptions } from "../../../src/testing/index.ts";
import { RawClient } from "../../helpers/raw-client.ts";
import { rejects } from "../../helpers/rejects.ts";
import { until, within } from "../../helpers/until.ts";

const MAGIC = [0x12, 0x00, 0xee, 0xff];
const frame = (...parts: number[]) => Uint8Array.of(...MAGIC, 0, 0, 0, parts.length, ...parts);
const HEADER = [20, 0x8e, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/** Sends `bytes` from a client of its own: gives what the broker logs when it closes it, or nothing when it does so silently. */
async function closedBy(bytes: Uint8Array, options: TestInstanceOptions = {}): Promise<string[]> {
  const lines: string[] = [];
  await using instance = await TestInstance.start({
    ...options,
    onLog: ({ message }) => lines.push(message),
  });
  const bystander = await instance.connect();
  await using events = bystander.subscribe("");
  await events.ready;
  await using sender = await RawClient.connect(instance.uri);
  sender.send(Message.event({ topic: "before" }));
  sender.send(bytes);
  sender.send(Message.event({ topic: "behind" }));
  await within(sender.ended, "the end of the sender");
  await until(() => instance.broker.stats.clients === 1, "its end at the broker");
  await bystander.publish("after");
  assert.deepEqual(
    [(await events.next()).value?.topic, (await events.next()).value?.topic],
    ["before", "after"],
  );
  return lines;
}

test("garbage closes who sent it, silently, and nobody else", async () => {
  assert.deepEqual(await closedBy(Buffer.from("GET / HTTP/1.1\r\n\r\n")), []);
  assert.deepEqual(await closedBy(Uint8Array.of(...MAGIC, 0, 0, 0, 0)), [], "a frame of no bytes");
  assert.deepEqual(await closedBy(frame(1, 2, 1, 3)), [], "parts, but no header");
});

test("a frame over the limit whose routes and topic can't be read closes who sent it", async () => {
  const limit = 20_000;
  const head = (length: number, ...rest: number[]): Buffer =>
    Buffer.concat([Buffer.of(...MAGIC, 0, 0, length >> 8, length & 0xff, ...rest), Buffer.alloc(length)]);
  // Zeros have no header at their end; a topic of 9,000 bytes is longer than what is kept of the frame.
  const noHeader = head(limit + 1).subarray(0, 8 + limit + 1);
  const long = Message.event({ topic: "t".repeat(9000), payload: new Uint8Array(limit) }).encode();
  for (const frame of [noHeader, long]) {
    const [line, ...more] = await closedBy(frame, { maxFrameBytes: limit });
    assert.deepEqual(more, []);
    assert.match(line!, /^client=[0-9a-f]{5} userid=\d+: frame of \d+ bytes is over the limit of 20000$/);
  }
});

test("a message that can't be decoded closes who sent it; a part past its end is logged", async () => {
  assert.deepEqual(await closedBy(frame(0)), [], "no header");
  assert.deepEqual(await closedBy(frame(20, 0x8f, ...HEADER.slice(2))), [], "wrong magic");
  const lines = await closedBy(frame(200, 1, 2, 3));
  assert.match(lines[0] ?? "", /^client=[0-9a-f]{5} userid=\d+: message part of 200 bytes runs past/);
});

test("messages at the limit pass, and one beyond it fails alone", async () => {
  await using instance = await TestInstance.start({ maxFrameBytes: 100_000 });
  const flux = await instance.connect();
  const { seq } = await flux.publishRaw("fits", new Uint8Array(70_000));
  assert.equal(seq, 1);
  await rejects(
    flux.publishRaw("not", new Uint8Array(80_000)),
    "EMSGSIZE",
    "request of 106748 bytes is over the limit of 100000",
  );
  assert.equal(flux.status, "connected");
  assert.equal((await flux.publishRaw("fits")).seq, 2);
});

test("what a client wrote before it went away is processed", async () => {
  await using instance = await TestInstance.start();
  const flux = await instance.connect();
  await using events = flux.subscribe("");
  await events.ready;
  for (let i = 0; i < 20; i++) {
    const hasty = await RawClient.connect(instance.uri);
    for (let k = 0; k < 10; k++) hasty.send(Message.event({ topic: "last" }));
    await hasty.close();
  }
  await until(() => events.queued === 200, "all events");
});

test("messages without a topic are dropped", async () => {
  await using instance = await TestInstance.start();
  await using raw = await RawClient.connect(instance.uri);
  raw.send(Message.event({}));
  raw.send(Message.request({ matchtag: 1 }));
  raw.send(Message.control({ controlType: 1, status: 2 }));
  const response = await raw.ask(Message.request({ topic: "x", matchtag: 2 }));
  assert.deepEqual([response.matchtag, raw.unread, instance.broker.stats.lastEvent], [2, 0, 0]);
});
