import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inOrder, outermostPrefixes } from "../../../src/cli/event-order.ts";
import { TestInstance } from "../../../src/testing/index.ts";

describe("events of several subscriptions", () => {
  test("a prefix that another one covers is left out", () => {
    assert.deepEqual(outermostPrefixes(["a.b", "a.", "c", "a.", "ab"]), ["a.", "c", "ab"]);
    assert.deepEqual(outermostPrefixes(["x", ""]), [""]);
  });

  test("come in the order of their numbers, however they are mixed", async () => {
    await using instance = await TestInstance.start();
    const flux = await instance.connect();
    const publisher = await instance.connect();
    const subscriptions = ["a", "b", "c"].map((prefix) => flux.subscribe(prefix));
    await Promise.all(subscriptions.map(({ ready }) => ready));
    const topics = Array.from({ length: 200 }, (_, i) => "aabbcacbbbca"[i % 12]!);
    const published = Promise.all(topics.map((topic, i) => publisher.publish(topic, { i })));
    const seen: [seq: number, topic: string][] = [];
    for await (const { seq, topic } of inOrder(subscriptions)) {
      seen.push([seq, topic]);
      if (seen.length === topics.length) break;
    }
    await published;
    assert.deepEqual(
      seen,
      topics.map((topic, i) => [i + 1, topic]),
    );
  });

  test("ends when all have ended, and throws when one fails", async () => {
    await using instance = await TestInstance.start();
    const flux = await instance.connect();
    const open = () => ["a", "b"].map((prefix) => flux.subscribe(prefix));
    const ended = open();
    for (const subscription of ended) await subscription.close();
    assert.equal((await inOrder(ended).next()).done, true);
    const failing = open();
    const rejected = assert.rejects(inOrder(failing).next(), { code: "ECONNRESET" });
    await instance.broker.stop();
    await rejected;
  });
});
