import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageType } from "../../../src/message/index.ts";
import { startInstance } from "../../helpers/instance.ts";
import { rejects } from "../../helpers/rejects.ts";
import { within } from "../../helpers/until.ts";

const bytesOf = (payload: Uint8Array | undefined) => payload && [...payload];

test("publish gives the global sequence number, one more each time", async () => {
  await using instance = await startInstance();
  const [one, other] = [await instance.connect(), await instance.connect()];
  assert.deepEqual(await one.publish("a"), { seq: 1 });
  assert.deepEqual(await other.publish("b", { x: 1 }), { seq: 2 });
  assert.deepEqual(await one.publishPack("c", "{s:i}", "n", 1), { seq: 3 });
  assert.deepEqual(await other.publishPack("c", { private: true }, "{s:i}", "n", 1), { seq: 4 });
  assert.deepEqual(await one.publishRaw("d", Uint8Array.of(1)), { seq: 5 });
});

test("payloads of events: JSON, text with NUL, bytes, none", async () => {
  await using instance = await startInstance();
  const flux = await instance.connect();
  await using events = flux.subscribe("e");
  await flux.publish("e.json", { a: [1, { b: "ü" }] });
  await flux.publish("e.text", "plain");
  await flux.publish("e.bytes", Uint8Array.of(0, 200, 7));
  await flux.publish("e.none");
  await flux.publishPack("e.pack", "{s:i s:s}", "id", 7, "host", "h");
  await flux.publishRaw("e.raw", Uint8Array.of(0, 255));
  await flux.publishRaw("e.empty", new Uint8Array(0));
  await flux.publishRaw("e.nothing");
  const seen = [];
  for (let i = 0; i < 8; i++) seen.push((await events.next()).value!);
  assert.deepEqual(
    seen.map(({ topic }) => topic),
    ["e.json", "e.text", "e.bytes", "e.none", "e.pack", "e.raw", "e.empty", "e.nothing"],
  );
  assert.deepEqual(seen[0]?.json(), { a: [1, { b: "ü" }] });
  assert.equal(seen[1]?.text, "plain");
  assert.deepEqual(bytesOf(seen[1]?.payload?.slice(-1)), [0]);
  assert.deepEqual(bytesOf(seen[2]?.payload), [0, 200, 7]);
  assert.equal(seen[3]?.payload, undefined);
  assert.deepEqual(seen[4]?.unpack("{s:i s:s}", "id", "host"), [7, "h"]);
  assert.deepEqual(bytesOf(seen[5]?.payload), [0, 255]);
  assert.equal(seen[6]?.payload, undefined);
  assert.equal(seen[7]?.payload, undefined);
  assert.deepEqual(
    seen.map(({ seq }) => seq),
    [1, 2, 3, 4, 5, 6, 7, 8],
  );
});

test("private events say so", async () => {
  await using instance = await startInstance();
  const flux = await instance.connect();
  await using events = flux.subscribe("");
  await flux.publish("a", {}, { private: true });
  await flux.publishRaw("b", Uint8Array.of(1), { private: true });
  await flux.publish("c");
  flux.sendEvent(flux.encodeEvent("d", undefined, { private: true }));
  const seen = [];
  for (let i = 0; i < 4; i++) seen.push((await events.next()).value?.private);
  assert.deepEqual(seen, [true, true, false, true]);
});

test("a subscribed publisher has its event before the response", async () => {
  await using instance = await startInstance();
  const order: string[] = [];
  const flux = await instance.connect({
    trace: (direction, message) => {
      if (direction === "rx")
        order.push(`${message.type === MessageType.EVENT ? "event" : "response"} ${message.topic}`);
    },
  });
  await using events = flux.subscribe("mine");
  await flux.publish("mine.first");
  assert.equal(events.queued, 1, "the event waits when the publication is confirmed");
  assert.deepEqual(order, ["response event.subscribe", "event mine.first", "response event.publish"]);
});

test("sendEvent publishes without confirmation, in order with all else that is sent", async () => {
  await using instance = await startInstance();
  const flux = await instance.connect();
  await using events = flux.subscribe("now");
  flux.sendEvent(flux.encodeEvent("now.first", { n: 1 }));
  await flux.publish("now.second");
  assert.deepEqual((await events.next()).value?.json(), { n: 1 });
  assert.equal((await events.next()).value?.seq, 2);
  assert.throws(() => flux.encodeEvent("a\0b"), { code: "EINVAL" });
});

test("what JSON can't hold is EINVAL", async () => {
  await using instance = await startInstance();
  const flux = await instance.connect();
  await rejects(
    within(new Promise((resolve) => resolve(flux.publish("a", { n: Number.NaN }))), "end"),
    "EINVAL",
  );
  assert.deepEqual(await flux.publish("a"), { seq: 1 }, "nothing was published before");
});
