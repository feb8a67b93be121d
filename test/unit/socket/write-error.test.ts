import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { FrameSocket } from "../../../src/socket/index.ts";
import { Inbox, request, socketPair, upTo } from "./peers.ts";

/** Writes everything and closes at once, as a command does that sends its messages and exits. */
function writeAndLeave(socket: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    socket.end(bytes, () => {
      socket.destroy();
      resolve();
    });
  });
}

/** Counts the writes of `socket` that failed: the tests below are about those. */
function countFailures(socket: Socket): () => number {
  let failures = 0;
  const { _write: write, _writev: writev } = socket;
  const count = (callback: (error?: Error | null) => void) => (error?: Error | null) => {
    if (error) failures++;
    callback(error);
  };
  socket._write = (chunk, encoding, callback) => write.call(socket, chunk, encoding, count(callback));
  socket._writev = (chunks, callback) => writev!.call(socket, chunks, count(callback));
  return () => failures;
}

const bytesOf = (tags: readonly number[], size: number): Buffer =>
  Buffer.concat(tags.map((tag) => request(tag, size).encode()));

/** An inbox that answers each message with `answers` others, as long as it lasts. */
function answering(frames: FrameSocket, answers = 1): Inbox {
  const inbox = new Inbox();
  const message = inbox.message.bind(inbox);
  inbox.message = (incoming) => {
    message(incoming);
    for (let i = 0; i < answers; i++) frames.send(request(incoming.matchtag));
  };
  return inbox;
}

test("what a peer wrote before it left arrives though writing to it fails", async () => {
  await using pair = await socketPair();
  const failures = countFailures(pair.near);
  const frames = new FrameSocket(pair.near);
  const tags = upTo(150);
  await writeAndLeave(pair.far, bytesOf(tags, 1000));
  const inbox = answering(frames);
  frames.start(inbox);
  await inbox.untilClosed();
  assert.ok(failures() > 0, "writing failed");
  assert.deepEqual(inbox.tags, tags);
  assert.deepEqual(
    inbox.ends.map((reason) => reason?.code),
    ["ECONNRESET"],
  );
  assert.equal(pair.near.destroyed, true);
});

test("also when the first thing written was the admission byte", async () => {
  await using pair = await socketPair();
  const failures = countFailures(pair.near);
  const tags = upTo(150);
  await writeAndLeave(pair.far, bytesOf(tags, 1000));
  const frames = new FrameSocket(pair.near);
  pair.near.write(Uint8Array.of(0));
  const inbox = new Inbox();
  frames.start(inbox);
  await inbox.untilClosed();
  assert.ok(failures() > 0, "writing failed");
  assert.deepEqual(inbox.tags, tags);
});

test("also when the peer left bytes of ours unread", async () => {
  await using pair = await socketPair();
  const failures = countFailures(pair.near);
  const frames = new FrameSocket(pair.near);
  const inbox = answering(frames);
  pair.near.write(request(99, 5000).encode());
  const tags = upTo(150);
  await writeAndLeave(pair.far, bytesOf(tags, 1000));
  frames.start(inbox);
  await inbox.untilClosed();
  assert.ok(failures() > 0, "writing failed");
  assert.deepEqual(inbox.tags, tags);
  assert.deepEqual(
    inbox.ends.map((reason) => reason?.code),
    ["ECONNRESET"],
  );
});

test("many hundred KiB, with all of our output queued, over and over", async () => {
  for (let round = 0; round < 25; round++) {
    await using pair = await socketPair();
    const frames = new FrameSocket(pair.near);
    const inbox = answering(frames, round % 3);
    frames.start(inbox);
    if (round % 2 === 0) pair.far.resume();
    for (const tag of upTo(round * 20)) frames.send(request(tag, 900));
    for (let i = 0; i < round % 5; i++) await turn();
    const tags = upTo(700);
    const left = writeAndLeave(pair.far, bytesOf(tags, 1000 + round));
    await inbox.untilClosed();
    await left;
    assert.deepEqual(inbox.tags, tags, `round ${round}`);
    assert.deepEqual(
      inbox.ends.map((reason) => reason?.code),
      ["ECONNRESET"],
    );
    assert.equal(frames.queuedBytes, 0);
  }
});

test("after a write error nothing more is queued, and who waits for room goes on", async () => {
  await using pair = await socketPair();
  const frames = new FrameSocket(pair.near);
  const inbox = new Inbox();
  while (frames.queuedBytes < 1024 * 1024) frames.send(request(1, 10_000));
  const waiting = frames.writable();
  await writeAndLeave(pair.far, bytesOf([5], 10));
  frames.start(inbox);
  await waiting;
  frames.send(request(2));
  frames.sendEncoded(request(3).encode());
  assert.equal(frames.queuedBytes, 0);
  assert.equal(frames.writable(), undefined);
  await frames.end(1000);
  assert.deepEqual(inbox.tags, [5]);
});

test("ending a connection whose peer is gone takes no time", async () => {
  await using pair = await socketPair();
  const frames = new FrameSocket(pair.near);
  const inbox = new Inbox();
  frames.start(inbox);
  await writeAndLeave(pair.far, bytesOf(upTo(3), 10));
  frames.send(request(1));
  await frames.end(4000);
  await inbox.untilClosed(500);
  assert.equal(inbox.ends.length, 1);
});
