import assert from "node:assert/strict";
import { test } from "node:test";
import { giveChunk, MOST_SPARES, takeChunk } from "../../../src/base/spare-chunks.ts";
import { LONGEST, SLOTS, TextCache } from "../../../src/base/text-cache.ts";
import { Disconnects, LONGEST_SEEN, MAX_SEEN } from "../../../src/broker/disconnects.ts";
import { LONGEST_TOPIC, MAX_PROVIDERS, ServiceTable } from "../../../src/broker/service-table.ts";
import {
  encodePublish,
  LONGEST_TOPIC as PUBLICATION_TOPIC,
  CACHE_SIZE as PUBLICATIONS,
} from "../../../src/client/publish.ts";
import { LONGEST_TOPIC as HEAD_TOPIC, CACHE_SIZE as HEADS, headOf } from "../../../src/message/head.ts";
import { Message, NODEID_ANY, Role } from "../../../src/message/index.ts";
import { usedBytes } from "../../helpers/heap.ts";
import { until } from "../../helpers/until.ts";

/** What an entry of a cache may take besides its text: the table, the objects, and the text's other form. */
const ENTRY_BYTES = 512;
/** Other tests of this process use memory too. */
const SLACK = 1024 * 1024;

/** Length of texts of which a hundred are noticed. */
const LONG = 32 * 1024;

/** Calls `act` with 30 MB of texts of `length` characters; asserts that what is kept is no more than `most` of them. */
async function keeps(most: number, length: number, act: (text: string) => unknown): Promise<void> {
  act("first".padEnd(length, "x"));
  const before = usedBytes();
  for (let index = 0; index < 30e6 / (length + ENTRY_BYTES); index++) act(`svc.${index}`.padEnd(length, "x"));
  const bytes = most * (2 * length + ENTRY_BYTES) + SLACK;
  await until(() => usedBytes() - before < bytes, `no more than ${bytes} bytes are kept`);
  // Or it would keep what it used before.
  act("last".padEnd(length, "x"));
}

test("texts of topics are kept up to their number, and long ones not at all", async () => {
  for (const [most, length] of [
    [SLOTS, LONGEST],
    [0, LONG],
  ] as const) {
    const cache = new TextCache();
    await keeps(most, length, (text) => cache.decode(Buffer.from(text), 0, length));
  }
});

test("heads of messages are kept up to their number, the latest", () => {
  const topicOf = (index: number): string => `limits.${index}`.padEnd(HEAD_TOPIC, "x");
  const first = headOf([], topicOf(0));
  for (let index = 1; index < HEADS; index++) headOf([], topicOf(index));
  assert.equal(headOf([], topicOf(0)), first);
  headOf([], topicOf(HEADS));
  assert.notEqual(headOf([], topicOf(0)), first);
  assert.notEqual(headOf([], `${topicOf(0)}x`), headOf([], `${topicOf(0)}x`));
});

test("beginnings of publications are kept up to their number", async () => {
  for (const [most, length] of [
    [PUBLICATIONS, PUBLICATION_TOPIC],
    [0, LONG],
  ] as const)
    await keeps(most, length, (topic) => encodePublish(topic, 0, undefined));
});

test("topics whose service is known are kept up to their number", async () => {
  for (const [most, length] of [
    [MAX_PROVIDERS, LONGEST_TOPIC],
    [0, LONG],
  ] as const) {
    const table = new ServiceTable<object>();
    const endpoint = {};
    table.add("svc", endpoint, { userid: 1, rolemask: Role.OWNER });
    await keeps(most, length, (topic) => table.provider(topic));
    assert.equal(table.provider("svc.x"), endpoint);
  }
});

test("topics of a client's requests are kept up to their number", async () => {
  for (const [most, length] of [
    [MAX_SEEN, LONGEST_SEEN],
    [0, LONG],
  ] as const) {
    const disconnects = new Disconnects();
    const request = Message.request({ topic: "svc.x", matchtag: 1, nodeid: NODEID_ANY });
    await keeps(most, length, (topic) => assert.equal(disconnects.arm(request, topic), undefined));
  }
});

test("memory to be used again is kept up to its pieces", () => {
  const size = 4096;
  const take = () => Array.from({ length: 2 * MOST_SPARES }, () => takeChunk(size));
  const chunks = take();
  for (const chunk of chunks) giveChunk(chunk);
  const kept = new Set(take());
  assert.deepEqual(
    chunks.filter((chunk) => kept.has(chunk)),
    chunks.slice(-MOST_SPARES),
  );
});
