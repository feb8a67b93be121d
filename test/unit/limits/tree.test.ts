import assert from "node:assert/strict";
import { test } from "node:test";
import { Message, Role, textPayload } from "../../../src/message/index.ts";
import { LONGEST_BYTES, readBundle } from "../../../src/overlay/bundle.ts";
import { decodeHello, decodeHelloResponse, JSON_SIZE } from "../../../src/overlay/hello.ts";
import { PENDING_LIMITS, PendingTotals } from "../../../src/overlay/pending-account.ts";
import { HEAD_MAX, RpcTracker } from "../../../src/overlay/rpc-tracker.ts";
import { MOST_ANSWERS, MOST_PEERS, Strangers, WINDOW_MS } from "../../../src/overlay/strangers.ts";
import {
  CHILD_RECEIVE_HIGH_WATER,
  DEFAULT_MAX_QUEUED_BYTES,
  HANDSHAKE_TIMEOUT_MS,
  HANDSHAKES,
  SEND_HIGH_WATER,
  zeroMqSettings,
} from "../../../src/overlay/zeromq-options.ts";
import { failure } from "../../helpers/rejects.ts";

test("requests wait for other ranks up to their number and their bytes", () => {
  const { guestRequests, guestBytes, requests, bytes } = PENDING_LIMITS;
  const byNumber = new PendingTotals();
  let count = 0;
  while (byNumber.charge(7, Role.USER, 1)) count++;
  assert.equal(count, guestRequests);
  while (byNumber.charge(1, Role.OWNER, 1)) count++;
  assert.equal(count, requests);
  const byBytes = new PendingTotals();
  assert.equal(byBytes.charge(7, Role.USER, guestBytes), true);
  assert.equal(byBytes.charge(8, Role.USER, 1), false);
  assert.equal(byBytes.charge(1, Role.OWNER, bytes - guestBytes), true);
  assert.equal(byBytes.charge(1, Role.OWNER, 1), false);
});

test("routes and topic of a request that waits have their length", () => {
  const tracker = new RpcTracker(new PendingTotals());
  const ofLength = (length: number) =>
    Message.request({ topic: "t".repeat(length), routes: ["r"], matchtag: 1 });
  const bare = ofLength(1000);
  const longest = HEAD_MAX - (bare.headEnd - bare.headStart - 1000);
  assert.equal(tracker.request(ofLength(longest)), undefined);
  assert.equal(tracker.request(ofLength(longest + 1))?.code, "EMSGSIZE");
});

test("sockets of the tree have their bounds by default", () => {
  const { handshakes, handshakeTimeoutMs, ...bounds } = zeroMqSettings({});
  const { childReceiveHighWater, sendHighWater, maxQueuedBytes } = bounds;
  assert.deepEqual(
    [handshakes, handshakeTimeoutMs, childReceiveHighWater, sendHighWater, maxQueuedBytes],
    [HANDSHAKES, HANDSHAKE_TIMEOUT_MS, CHILD_RECEIVE_HIGH_WATER, SEND_HIGH_WATER, DEFAULT_MAX_QUEUED_BYTES],
  );
});

test("a bundle is read up to its length", () => {
  const ofPayload = (bytes: number) => Message.event({ topic: "e", payload: new Uint8Array(bytes) }).encode();
  const longest = 1000 + LONGEST_BYTES - ofPayload(1000).length;
  const bundle = ofPayload(longest);
  assert.equal(bundle.length, LONGEST_BYTES);
  assert.equal(readBundle([bundle]).length, 1);
  assert.throws(() => readBundle([ofPayload(longest + 1)]), failure("EPROTO"));
});

test("a hello and its answer are read up to their length", () => {
  const payload = (fields: object, bytes: number) => {
    const text = JSON.stringify(fields);
    return textPayload(text + " ".repeat(bytes - text.length));
  };
  const hello = { rank: 1, version: 1, uuid: "u", status: 0 };
  const readHello = (bytes: number) =>
    decodeHello(Message.request({ topic: "overlay.hello", payload: payload(hello, bytes) }));
  const readAnswer = (bytes: number) =>
    decodeHelloResponse(Message.response({ topic: "overlay.hello", payload: payload({ uuid: "u" }, bytes) }));
  for (const read of [readHello, readAnswer]) {
    assert.equal(read(JSON_SIZE.bytes).uuid, "u");
    assert.throws(() => read(JSON_SIZE.bytes + 1), failure("EMSGSIZE"));
  }
});

test("a stranger gets its answers and no more, and so many are known", () => {
  let now = 0;
  const strangers = new Strangers(() => now);
  for (let index = 0; index < MOST_ANSWERS; index++) assert.equal(strangers.mayAnswer("peer"), true);
  assert.equal(strangers.mayAnswer("peer"), false);
  now = WINDOW_MS - 1;
  assert.equal(strangers.mayAnswer("peer"), false);
  now = WINDOW_MS;
  for (let index = 0; index < MOST_ANSWERS; index++) assert.equal(strangers.mayAnswer("peer"), true);
  for (let index = 1; index < MOST_PEERS; index++) strangers.mayAnswer(`other ${index}`);
  assert.equal(strangers.mayAnswer("peer"), false);
  strangers.mayAnswer("one more");
  assert.equal(strangers.mayAnswer("peer"), true, "all were forgotten");
});
