import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { test } from "node:test";
import { encodePushed, type Message } from "../../../src/message/index.ts";
import { FrameSocket } from "../../../src/socket/index.ts";
import { until } from "../../helpers/until.ts";
import { readFrames, request, socketPair, upTo } from "./peers.ts";

const SIZE = 90_000;
const HOP = encodePushed(["hop"]);

/** The sending end for what another reads. */
function open(socket: Socket): FrameSocket {
  const frames = new FrameSocket(socket);
  frames.start({ message() {}, closed() {} });
  return frames;
}

/** Sends each message that `from` reads on to `to`, as a broker does: taking none unread. */
function sendOn(from: FrameSocket, to: FrameSocket, gives: boolean, seen: (message: Message) => void): void {
  from.start({
    frame: () => false,
    message(message) {
      seen(message);
      to.forward(message, HOP, message.headStart, gives);
    },
    pause() {},
    closed() {},
  });
}

for (const gives of [true, false]) {
  test(`the memory of a large message that was sent on ${gives ? "and let go is used again" : "but is held is not used again"}`, async () => {
    await using one = await socketPair();
    await using other = await socketPair();
    const memory = new Set<ArrayBufferLike>();
    sendOn(new FrameSocket(one.near), open(other.near), gives, ({ body }) => memory.add(body.buffer));
    const far = readFrames(other.far);
    for (const tag of upTo(20)) {
      one.far.write(request(tag, SIZE).encode());
      await far.untilCount(tag);
      assert.deepEqual(far.messages.at(-1)!.payload, request(tag, SIZE).payload);
    }
    assert.ok(
      gives ? memory.size <= 3 : memory.size === 20,
      `${memory.size} pieces of memory for 20 messages`,
    );
  });
}

test("messages that the system has not taken keep their memory, also while others are let go", async () => {
  await using one = await socketPair();
  await using slow = await socketPair();
  await using other = await socketPair();
  await using quick = await socketPair();
  const count = 40;
  const blocked = open(slow.near);
  let queued = 0;
  sendOn(new FrameSocket(one.near), blocked, true, () => queued++);
  sendOn(new FrameSocket(other.near), open(quick.near), true, () => {});
  const far = readFrames(quick.far);
  // Nobody reads what goes to the slow one, while the quick one's memory goes round.
  for (const tag of upTo(count)) {
    one.far.write(request(tag, SIZE).encode());
    other.far.write(request(100 + tag, SIZE).encode());
    await far.untilCount(tag);
  }
  await until(() => queued === count, "all messages for the slow one");
  assert.ok(blocked.queuedBytes > (count / 2) * SIZE, "the system has not taken them");
  const late = readFrames(slow.far);
  await late.untilCount(count);
  await until(() => blocked.queuedBytes === 0, "an empty queue");
  // And round it goes for the slow one too.
  for (const tag of upTo(count)) one.far.write(request(count + tag, SIZE).encode());
  await late.untilCount(2 * count);
  for (const [first, inbox] of [
    [1, late],
    [101, far],
  ] as const)
    for (const [index, { matchtag, payload }] of inbox.messages.entries()) {
      assert.equal(matchtag, first + index);
      assert.deepEqual(payload, request(matchtag, SIZE).payload);
    }
});

test("what was queued for a connection that failed spoils nothing", async () => {
  await using one = await socketPair();
  await using gone = await socketPair();
  await using quick = await socketPair();
  const blocked = open(gone.near);
  let to = blocked;
  let queued = 0;
  const from = new FrameSocket(one.near);
  from.start({
    frame: () => false,
    message(message) {
      queued++;
      to.forward(message, HOP, message.headStart, true);
    },
    pause() {},
    closed() {},
  });
  for (const tag of upTo(20)) one.far.write(request(tag, SIZE).encode());
  await until(() => queued === 20, "messages in the queue");
  assert.ok(blocked.queuedBytes > SIZE);
  gone.far.destroy();
  await until(() => blocked.queuedBytes === 0, "the end of the connection");
  to = open(quick.near);
  const far = readFrames(quick.far);
  for (const tag of upTo(20)) one.far.write(request(20 + tag, SIZE).encode());
  await far.untilCount(20);
  for (const { matchtag, payload } of far.messages)
    assert.deepEqual(payload, request(matchtag, SIZE).payload);
});
