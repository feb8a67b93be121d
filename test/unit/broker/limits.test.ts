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

test("a frame over the limit closes who sent it, at its eighth byte", async () => {
  const lines = await closedBy(Uint8Array.of(...MAGIC, 0, 0x10, 0, 1), { maxFrameBytes: 1024 * 1024 });
  assert.equal(lines.length, 1);
  assert.match(
    lines[0]!,
    /^client=[0-9a-f]{5} userid=\d+: frame of 1048577 bytes is over the limit of 1048576$/,
  );
});

test("a message that can't be decoded closes who sent it; a part past its end is logged", async () => {
  assert.deepEqual(await closedBy(frame(0)), [], "no header");
  assert.deepEqual(await closedBy(frame(20, 0x8f, ...HEADER.slice(2))), [], "wrong magic");
  const lines = await closedBy(frame(200, 1, 2, 3));
  assert.match(lines[0] ?? "", /^client=[0-9a-f]{5} userid=\d+: message part of 200 bytes runs past/);
});

test("messages at the limit pass", async () => {
  await using instance = await TestInstance.start({ maxFrameBytes: 100_000 });
  const flux = await instance.connect();
  const { seq } = await flux.publishRaw("fits", new Uint8Array(70_000));
  assert.equal(seq, 1);
  await rejects(flux.publishRaw("not", new Uint8Array(80_000)), "ECONNRESET");
  assert.equal(flux.status, "closed");
});

test("a client takes no frame over its own limit", async () => {
  await using instance = await TestInstance.start();
  const reasons: (string | undefined)[] = [];
  const [writer, reader] = [
    await instance.connect(),
    await instance.connect({
      maxFrameBytes: 10_000,
      onStatus: (_status, reason) => reasons.push(reason?.code),
    }),
  ];
  await reader.subscribe("a").ready;
  await writer.publishRaw("a", new Uint8Array(20_000));
  await until(() => reader.status === "closed", "the end of the reader");
  assert.deepEqual(reasons, ["EMSGSIZE"]);
  await writer.publish("a");
});

test("a frame over the limit from within the process ends that handle only", async () => {
  await using instance = await TestInstance.start();
  await using inside = instance.broker.connect();
  await using other = instance.broker.connect();
  inside.sendEvent(inside.encodeEvent("huge", new Uint8Array(129 * 1024 * 1024)));
  await until(() => inside.status === "closed", "the end");
  assert.equal((await other.publish("a")).seq, 1);
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
