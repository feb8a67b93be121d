import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { EMPTY } from "../../../src/base/index.ts";
import { encodePushed, type Message } from "../../../src/message/index.ts";
import { FrameSocket } from "../../../src/socket/index.ts";
import { until } from "../../helpers/until.ts";
import { Inbox, readFrames, request, socketPair, upTo } from "./peers.ts";

const MIB = 1024 * 1024;

/** Fills `frames` while its peer doesn't read; returns the tags that were sent. */
function fill(frames: FrameSocket, bytes: number): number[] {
  let tag = 0;
  while (frames.queuedBytes < bytes) frames.send(request(++tag, 30_000));
  return upTo(tag);
}

test("messages of one tick leave together and arrive whole, both ways", async () => {
  await using pair = await socketPair();
  const frames = new FrameSocket(pair.near);
  const inbox = new Inbox();
  frames.start(inbox);
  const chunks: number[] = [];
  pair.far.on("data", (chunk) => chunks.push(chunk.length));
  const far = readFrames(pair.far);
  const sent = upTo(100).map((tag) => request(tag));
  for (const message of sent) frames.send(message);
  assert.equal(
    frames.queuedBytes,
    sent.reduce((sum, message) => sum + message.frameBytes(), 0),
  );
  await far.untilCount(100);
  assert.deepEqual(far.tags, upTo(100));
  assert.equal(chunks.length, 1, "one write");
  assert.equal(frames.queuedBytes, 0);
  assert.equal(frames.writable(), undefined);
  pair.far.write(Buffer.concat(sent.map((message) => message.encode())));
  await inbox.untilCount(100);
  assert.deepEqual(inbox.tags, upTo(100));
  frames.destroy();
  assert.deepEqual(inbox.ends, [undefined]);
});

test("forwarded, shared and encoded messages keep their order", async () => {
  await using pair = await socketPair();
  const frames = new FrameSocket(pair.near);
  frames.start(new Inbox());
  const far = readFrames(pair.far);
  frames.send(request(1));
  frames.forward(request(2, 40_000), encodePushed(["hop"]), 0);
  frames.sendEncoded(request(3).encode());
  frames.sendEncoded(Buffer.concat([request(4, 20_000).encode(), request(5).encode()]));
  frames.forward(request(6), EMPTY, 0);
  await far.untilCount(6);
  assert.deepEqual(far.tags, upTo(6));
  assert.deepEqual(far.messages[1]!.routes, ["hop"]);
  assert.deepEqual(far.messages[1]!.payload, new Uint8Array(40_000).fill(2));
});

test("bytes that came early are delivered before those that come later", async () => {
  await using pair = await socketPair();
  const bytes = Buffer.concat(upTo(20).map((tag) => request(tag).encode()));
  const inbox = new Inbox();
  new FrameSocket(pair.near).start(inbox, bytes.subarray(0, 333));
  pair.far.write(bytes.subarray(333));
  await inbox.untilCount(20);
  assert.deepEqual(inbox.tags, upTo(20));
});

test("a flush waits for the schedule it is given", async () => {
  await using pair = await socketPair();
  const flushes: (() => void)[] = [];
  const frames = new FrameSocket(pair.near, { schedule: (flush) => flushes.push(flush) });
  frames.start(new Inbox());
  const far = readFrames(pair.far);
  for (const tag of upTo(3)) frames.send(request(tag));
  assert.equal(flushes.length, 1);
  for (let i = 0; i < 5; i++) await turn();
  assert.equal(far.messages.length, 0);
  flushes[0]!();
  await far.untilCount(3);
});

test("while the peer does not read bytes queue up and writable() waits; when it reads all arrives", async () => {
  await using pair = await socketPair();
  const frames = new FrameSocket(pair.near);
  frames.start(new Inbox());
  const sent = fill(frames, MIB);
  await turn();
  const more = fill(frames, 2 * MIB).length;
  assert.ok(frames.queuedBytes >= 2 * MIB);
  let resolved = false;
  const writable = frames.writable();
  assert.ok(writable !== undefined);
  const waiting = writable.then(() => {
    resolved = true;
  });
  for (let i = 0; i < 20; i++) await turn();
  assert.equal(resolved, false, "nobody has read");
  const far = readFrames(pair.far);
  await waiting;
  await far.untilCount(sent.length + more);
  assert.deepEqual(far.tags, [...sent, ...upTo(more)]);
  await until(() => frames.queuedBytes === 0, "an empty queue");
  assert.equal(frames.writable(), undefined);
});

test("who waits for room is woken when the connection goes", async () => {
  await using pair = await socketPair();
  const frames = new FrameSocket(pair.near);
  const inbox = new Inbox();
  frames.start(inbox);
  fill(frames, MIB);
  const waiting = frames.writable();
  frames.destroy();
  await waiting;
  assert.deepEqual(inbox.ends, [undefined]);
  frames.send(request(1));
  frames.sendEncoded(request(1).encode());
  assert.equal(frames.queuedBytes, 0);
  assert.equal(frames.writable(), undefined);
  await frames.end(100);
});

test("end writes everything that is queued, however much, and waits for the peer", async () => {
  await using pair = await socketPair();
  const frames = new FrameSocket(pair.near);
  const inbox = new Inbox();
  frames.start(inbox);
  const first = fill(frames, MIB);
  await turn();
  const second = fill(frames, 3 * MIB);
  const waiting = frames.writable();
  const gone = Promise.all([frames.end(5000), frames.end(5000)]);
  await waiting;
  frames.send(request(77));
  frames.sendEncoded(request(78).encode());
  const far = readFrames(pair.far);
  pair.far.write(request(9).encode());
  await far.untilClosed();
  assert.deepEqual(far.tags, [...first, ...second], "all that was queued before, nothing of what came after");
  await inbox.untilCount(1);
  assert.deepEqual(inbox.ends, [], "the peer's half is still open");
  pair.far.end();
  await gone;
  assert.deepEqual(inbox.tags, [9]);
  assert.deepEqual(inbox.ends, [undefined], "closed by this side");
});

test("end gives a peer that does not close its half only so long", async () => {
  await using pair = await socketPair();
  const frames = new FrameSocket(pair.near);
  const inbox = new Inbox();
  frames.start(inbox);
  fill(frames, MIB);
  const started = performance.now();
  await frames.end(60);
  const took = performance.now() - started;
  assert.ok(took >= 55 && took < 900, `${took} ms`);
  assert.deepEqual(inbox.ends, [undefined]);
  assert.equal(pair.near.destroyed, true);
});

test("end(0) closes as soon as the system has all", async () => {
  await using pair = await socketPair();
  const frames = new FrameSocket(pair.near);
  frames.start(new Inbox());
  const far = readFrames(pair.far);
  const sent = fill(frames, MIB);
  await frames.end(0);
  assert.equal(pair.near.destroyed, true);
  await far.untilClosed();
  assert.deepEqual(far.tags, sent);
});

test("end(0) waits for a peer that reads slowly, for longer than a second", async () => {
  await using pair = await socketPair();
  const frames = new FrameSocket(pair.near);
  frames.start(new Inbox());
  const sent = fill(frames, 3 * MIB);
  const far = readFrames(pair.far);
  pair.far.on("data", () => {
    pair.far.pause();
    setTimeout(() => pair.far.resume(), 50);
  });
  const begun = performance.now();
  await frames.end(0);
  assert(performance.now() - begun > 1100, "slow enough for this test");
  await far.untilCount(sent.length);
  assert.deepEqual(far.tags, sent);
});

test("end(0) does not wait for a peer that does not read", async () => {
  await using pair = await socketPair();
  const frames = new FrameSocket(pair.near);
  frames.start(new Inbox());
  fill(frames, 3 * MIB);
  const begun = performance.now();
  await frames.end(0);
  assert(performance.now() - begun < 8000, "not until nobody is waited for any more");
  assert.equal(frames.queuedBytes, 0);
});

test("the peer's end closes with ECONNRESET, once", async () => {
  await using pair = await socketPair();
  const inbox = new Inbox();
  new FrameSocket(pair.near).start(inbox);
  pair.far.end(request(1).encode());
  await inbox.untilClosed();
  for (let i = 0; i < 5; i++) await turn();
  assert.deepEqual(inbox.tags, [1]);
  assert.deepEqual(
    inbox.ends.map((reason) => reason?.code),
    ["ECONNRESET"],
  );
});

test("a stream that is no frames closes with the reason; the messages before count", async () => {
  const ceiling = Buffer.from("1200eeff00000065", "hex");
  for (const [bytes, code] of [
    [Buffer.from("not a frame"), "EPROTO"],
    [Buffer.from("1200eeff000000020200", "hex"), "EINVAL"],
    [ceiling, "EMSGSIZE"],
  ] as const) {
    await using pair = await socketPair();
    const inbox = new Inbox();
    new FrameSocket(pair.near, { maxFrameBytes: 100 }).start(inbox);
    pair.far.write(Buffer.concat([request(1).encode(), bytes, request(2).encode()]));
    await inbox.untilClosed();
    assert.deepEqual(inbox.tags, [1]);
    assert.deepEqual(
      inbox.ends.map((reason) => reason?.code),
      [code],
    );
    assert.equal(pair.near.destroyed, true);
  }
});

test("nothing is delivered behind destroy, not even of the same chunk", async () => {
  await using pair = await socketPair();
  const frames = new FrameSocket(pair.near);
  const inbox = new Inbox();
  const first: Message[] = [];
  frames.start({
    message(message) {
      first.push(message);
      frames.destroy();
    },
    closed: (reason) => inbox.closed(reason),
  });
  pair.far.write(Buffer.concat(upTo(5).map((tag) => request(tag).encode())));
  await inbox.untilClosed();
  assert.equal(first.length, 1);
  assert.deepEqual(inbox.ends, [undefined]);
});

test("a receiver may take frames unread, and hears when no more come, also before what is no frame", async () => {
  await using pair = await socketPair();
  const frames = new FrameSocket(pair.near);
  const seen: string[] = [];
  frames.start({
    frame({ bytes, words }, start, end) {
      assert.equal(words.byteOffset, bytes.byteOffset);
      assert.equal(words.getUint32(start - 4), end - start);
      const matchtag = words.getUint32(end - 4);
      if (matchtag % 2 === 0) return false;
      seen.push(`frame ${matchtag}`);
      return true;
    },
    message: (message) => seen.push(`message ${message.matchtag}`),
    pause: () => seen.push("pause"),
    closed: (reason) => seen.push(`closed ${reason?.code}`),
  });
  const broken = Buffer.from("this is no frame at all");
  pair.far.write(Buffer.concat([...upTo(3).map((tag) => request(tag).encode()), broken]));
  await until(() => seen.length >= 5, "the end");
  assert.deepEqual(seen, ["frame 1", "message 2", "frame 3", "pause", "closed EPROTO"]);
});
