import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Message } from "../../../src/message/index.ts";
import { Bundle, isBundle, readBundle } from "../../../src/overlay/bundle.ts";
import type { Frames } from "../../../src/overlay/index.ts";
import { kinds, TestPeer, TestTree, wire } from "../../helpers/overlay-tree.ts";
import { until } from "../../helpers/until.ts";

function request(bytes: number, matchtag = 1): Message {
  return Message.request({ topic: "t.m", matchtag, payload: new Uint8Array(bytes), routes: ["one", "two"] });
}

/** What a bundle sends, by itself or when it is flushed. */
function bundleOf(messages: readonly Message[], popped = 0): Frames[] {
  const sent: Frames[] = [];
  const bundle = new Bundle((frames) => sent.push(frames));
  for (const message of messages) bundle.add(message, popped);
  bundle.flush();
  return sent;
}

test("what goes into a bundle comes out, whatever its size", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20_000), { minLength: 1, maxLength: 12 }), (sizes) => {
      const messages = sizes.map((bytes, index) => request(bytes, index));
      const sent = bundleOf(messages);
      assert(sent.every((frames) => isBundle(frames)));
      const read = sent.flatMap((frames) => readBundle(frames));
      assert.deepEqual(
        read.map((message) => [message.matchtag, message.payloadBytes, message.routes, message.topic]),
        messages.map((message) => [message.matchtag, message.payloadBytes, ["one", "two"], "t.m"]),
      );
    }),
  );
});

test("routes are popped and pushed on the way in", () => {
  const [popped] = bundleOf([request(0)], 1);
  assert.deepEqual(readBundle(popped!)[0]!.routes, ["two"]);
  assert.throws(() => bundleOf([request(0)], 3), { code: "EPROTO" });
});

test("a small bundle goes in frames that are cheap to copy, a large one whole", () => {
  assert.deepEqual(
    [0, 100, 300, 2000].map((bytes) => bundleOf([request(bytes)])[0]!.length),
    [1, 2, 3, 1],
  );
});

test("the first message of a turn leaves at once, the others when the bundle is full or the turn ends", async () => {
  const sent: number[] = [];
  const bundle = new Bundle((frames) => sent.push(readBundle(frames).length));
  bundle.add(request(10));
  assert.deepEqual(sent, [1]);
  for (let i = 0; i < 4; i++) bundle.add(request(10_000));
  assert.deepEqual(sent, [1, 4]);
  bundle.add(request(10));
  bundle.add(request(10));
  assert.deepEqual(sent, [1, 4]);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(sent, [1, 4, 2]);
  bundle.add(request(10));
  assert.deepEqual(sent, [1, 4, 2, 1]);
});

test("a bundle that is cut off or damaged is malformed", () => {
  const [, frames] = bundleOf([request(50), request(50), request(50)]);
  const whole = Buffer.concat(frames!);
  for (let end = 4; end < whole.length; end++) {
    const cut = [whole.subarray(0, end)];
    assert(isBundle(cut));
    // What is cut between two messages is a shorter bundle.
    if (end === whole.length / 2) assert.equal(readBundle(cut).length, 1);
    else assert.throws(() => readBundle(cut), { code: "EPROTO" });
  }
  const changed = Buffer.from(whole);
  changed[whole.length / 2] = 0;
  assert.throws(() => readBundle([changed]), { code: "EPROTO" });
});

test("frames of single messages are no bundles", () => {
  const texts = [[""], ["6b0d"], ["1200"], ["", "t", ""]];
  for (const frames of texts) assert(!isBundle(frames.map((text) => Buffer.from(text))));
  assert(!isBundle([]));
});

test("only a child that asks for bundles gets them, of a parent that makes them", async () => {
  for (const [makes, asks] of [
    [true, true],
    [true, false],
    [false, true],
  ]) {
    await using tree = new TestTree("kary:2", 3);
    const { overlay } = await tree.start(0, { bundles: makes });
    await using peer = new TestPeer(tree.network, overlay, "11111111-1111-1111-1111-111111111111");
    const welcome = await peer.hello(asks ? { bundles: true } : {});
    const agreed = makes === true && asks === true;
    assert.equal(JSON.parse(welcome.text!).bundles, agreed ? true : undefined);
    overlay.toChildren(Message.event({ topic: "e", seq: 1 }));
    await until(() => peer.received.length === 2, "the event");
    assert.equal(isBundle(peer.received[1]!), agreed, wire(peer.received[1]).join());
    const events = agreed ? readBundle(peer.received[1]!) : [peer.message(1)];
    assert.deepEqual(kinds(events), ["e"]);
  }
});

test("a bundle of a stranger, or a malformed one, is refused", async () => {
  await using tree = new TestTree("kary:2", 3);
  const root = await tree.start(0, { bundles: true });
  await using peer = new TestPeer(tree.network, root.overlay, "11111111-1111-1111-1111-111111111111");
  const [bundle] = bundleOf([request(0)]);
  peer.send(...bundle!);
  await until(() => peer.received.length === 1, "to be sent away");
  assert.deepEqual(kinds([peer.message(0)]), ["control 2"]);
  await peer.hello({ bundles: true });
  peer.send(bundle![0]!.subarray(0, 30));
  await until(() => root.logged.some((line) => line.includes("malformed message")), "a line in the log");
});
