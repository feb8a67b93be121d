import assert from "node:assert/strict";
import { test } from "node:test";
import { SendQueue } from "../../../src/overlay/send-queue.ts";
import type { Frames } from "../../../src/overlay/transport.ts";
import { frames, numbers } from "../../helpers/tree-transport.ts";
import { until } from "../../helpers/until.ts";

/** A socket that takes messages as told, and what became of each. */
class Fake {
  readonly taken: string[] = [];
  readonly failed: string[] = [];
  /** Peers without room, and peers that are gone. */
  readonly full = new Set<string>();
  readonly gone = new Set<string>();
  readonly queue: SendQueue;

  constructor(maxBytes: number) {
    this.queue = new SendQueue({
      maxBytes,
      write: async (message) => {
        const text = Buffer.from(message[0]!).toString();
        const peer = text.split(" ")[0]!;
        if (this.full.has(peer)) throw Object.assign(new Error("full"), { code: "EAGAIN" });
        if (this.gone.has(peer)) throw Object.assign(new Error("gone"), { code: "EHOSTUNREACH" });
        this.taken.push(text);
      },
      failed: (peer, why) => this.failed.push(`${peer} ${why}`),
    });
  }

  send(peer: string, text: string): void {
    this.queue.send(peer, frames(`${peer} ${text}`));
  }
}

const all = (peer: string, texts: readonly string[]): string[] => texts.map((text) => `${peer} ${text}`);

test("the first message leaves at once, the others in the same turn, in order", async () => {
  const fake = new Fake(1e6);
  for (const number of numbers(1000)) fake.send("a", number);
  assert.deepEqual(fake.taken, ["a 0"]);
  assert.equal(fake.queue.stats.queued, 1000);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(fake.taken, all("a", numbers(1000)));
  assert.deepEqual(
    { ...fake.queue.stats },
    {
      sent: 1000,
      received: 0,
      sentBytes: numbers(1000).join("").length + 1000 * "a ".length,
      receivedBytes: 0,
      queued: 0,
      queuedBytes: 0,
      dropped: 0,
      unreachable: 0,
    },
  );
});

test("a peer without room waits by itself, and keeps its order when there is room", async () => {
  const fake = new Fake(1e6);
  fake.full.add("a");
  for (const number of numbers(5000)) {
    fake.send("a", number);
    fake.send("b", number);
  }
  await until(() => fake.taken.length === 5000, "messages of b");
  assert.deepEqual(fake.taken, all("b", numbers(5000)));
  assert.equal(fake.queue.stats.queued, 5000);
  fake.full.clear();
  fake.send("a", "5000");
  await until(() => fake.taken.length === 10_001, "messages of a");
  assert.deepEqual(fake.taken.slice(5000), all("a", numbers(5001)));
  assert.deepEqual([fake.queue.stats.queued, fake.queue.stats.queuedBytes, fake.failed], [0, 0, []]);
});

test("a peer that goes while messages wait for it: each is reported", async () => {
  const fake = new Fake(1e6);
  fake.full.add("a");
  for (const number of numbers(10)) fake.send("a", number);
  await until(() => fake.queue.stats.queued === 10, "messages in line");
  fake.gone.add("a");
  fake.full.clear();
  await until(() => fake.failed.length === 10, "reports");
  assert.deepEqual(new Set(fake.failed), new Set(["a unreachable"]));
  assert.equal(fake.queue.stats.unreachable, 10);
  assert.equal(fake.queue.stats.queuedBytes, 0);
});

test("what is beyond the bound of a peer is dropped, never the first, and others have their own", async () => {
  const fake = new Fake(10_000);
  fake.full.add("a").add("b");
  const big: Frames = [Buffer.from("a big"), new Uint8Array(20_000)];
  fake.queue.send("a", big);
  await until(() => fake.queue.stats.queued === 1, "the big one");
  fake.send("a", "late");
  assert.deepEqual(fake.failed, [], "nothing is reported from within send");
  fake.send("b", "small");
  await until(() => fake.failed.length === 1, "a report");
  assert.deepEqual(fake.failed, ["a full"]);
  assert.deepEqual([fake.queue.stats.queued, fake.queue.stats.dropped], [2, 1]);
  fake.full.clear();
  await until(() => fake.taken.length === 2, "what was kept");
  assert.deepEqual(fake.taken.sort(), ["a big", "b small"]);
});

test("what one turn may queue is bounded too", async () => {
  const fake = new Fake(1000);
  for (const number of numbers(100)) fake.send("a", number);
  await until(() => fake.queue.stats.queued === 0, "an end");
  const { sent, dropped } = fake.queue.stats;
  assert(sent >= 10 && sent < 20, `${sent} sent`);
  assert.equal(sent + dropped, 100);
  assert.deepEqual(fake.taken, all("a", numbers(sent)));
  assert.equal(fake.failed.length, dropped);
});

test("close waits for what the socket can take, and drops what waits for room", async () => {
  const fake = new Fake(1e6);
  fake.full.add("a");
  fake.send("a", "0");
  for (const number of numbers(100)) fake.send("b", number);
  await fake.queue.close();
  assert.deepEqual(fake.taken, all("b", numbers(100)));
  fake.full.clear();
  fake.send("b", "late");
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(fake.taken.length, 100);
  assert.deepEqual(
    [fake.queue.stats.queued, fake.queue.stats.queuedBytes, fake.queue.stats.dropped],
    [0, 0, 1],
  );
  assert.deepEqual(fake.failed, []);
});

test("a failed report may send", async () => {
  const taken: string[] = [];
  const queue: SendQueue = new SendQueue({
    maxBytes: 1e6,
    write: async ([first]) => {
      if (Buffer.from(first!).toString() === "x")
        throw Object.assign(new Error("gone"), { code: "EHOSTUNREACH" });
      taken.push(Buffer.from(first!).toString());
    },
    failed: (peer) => queue.send("b", frames(`${peer} is gone`)),
  });
  queue.send("a", frames("x"));
  await until(() => taken.length === 1, "the message about it");
  assert.deepEqual(taken, ["a is gone"]);
});
