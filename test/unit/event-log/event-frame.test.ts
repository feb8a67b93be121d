import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  eventFrameBytes,
  frameEnd,
  frameFlags,
  frameRolemask,
  frameSeq,
  frameTopic,
  frameUserid,
  topicStartsWith,
  writeEventFrame,
} from "../../../src/event-log/event-frame.ts";
import { decodeAll, decodeFrame, type Message, MessageFlag } from "../../../src/message/index.ts";
import { anyMadeFields, make } from "../../helpers/message-arbitrary.ts";
import { assertSameFields, fieldsOf } from "../../helpers/message-fields.ts";
import { rejects } from "../../helpers/rejects.ts";
import { event } from "./events.ts";

function frameOf(message: Message, at = 0): { bytes: Uint8Array; words: DataView; end: number } {
  const size = eventFrameBytes(message);
  const bytes = new Uint8Array(at + size + 3).fill(0xaa);
  const words = new DataView(bytes.buffer);
  writeEventFrame({ bytes, words }, at, size, message);
  assert.deepEqual(bytes.subarray(at + size), new Uint8Array(3).fill(0xaa), "wrote past its end");
  return { bytes, words, end: at + size };
}

const anyEvent = anyMadeFields.map((fields) => ({ ...fields, type: 4, aux2: 0 }));

test("the frame of an event is what the socket carries, without routes", () => {
  fc.assert(
    fc.property(anyEvent, fc.nat(50), fc.boolean(), (fields, at, decoded) => {
      const made = make(fields);
      const message = decoded ? decodeFrame(made.encode()) : made;
      const { bytes, words, end } = frameOf(message, at);
      const { routes: _, ...rest } = fieldsOf(made);
      const flags = rest.flags & ~MessageFlag.ROUTE;
      assertSameFields(fieldsOf(decodeFrame(bytes.subarray(at, end))), { ...rest, flags, routes: undefined });
      const frame = { bytes, words };
      assert.equal(frameEnd(frame, at), end);
      assert.equal(frameSeq(frame, end), fields.aux1);
      assert.equal(frameFlags(frame, end), flags);
      assert.equal(frameUserid(frame, end), fields.userid);
      assert.equal(frameRolemask(frame, end), fields.rolemask);
      assert.equal(frameTopic(frame, at, end), message.topic ?? "");
    }),
  );
});

test("a prefix matches the topics that start with it", () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ["job.done", "", true],
    ["job.done", "job.", true],
    ["job.done", "job.done", true],
    ["job.done", "job.done1", false],
    ["job.done", "jab.", false],
    ["x".repeat(300), "x".repeat(299), true],
    ["x".repeat(300), `${"x".repeat(299)}y`, false],
    ["é", "é", true],
  ];
  for (const [topic, prefix, expected] of cases) {
    const { bytes, words, end } = frameOf(event(1, { topic, bytes: 5 }), 7);
    assert.equal(
      topicStartsWith({ bytes, words }, 7, end, Buffer.from(prefix)),
      expected,
      `${topic} ${prefix}`,
    );
  }
});

test("an event without a topic matches the empty prefix only", () => {
  const message = decodeFrame(event(1, { bytes: 5 }).encode());
  message.edit({ topic: null });
  const { bytes, words, end } = frameOf(message);
  assert.equal(topicStartsWith({ bytes, words }, 0, end, Buffer.from("")), true);
  assert.equal(topicStartsWith({ bytes, words }, 0, end, Uint8Array.of(1)), false);
});

test("frames one behind the other are read as events; what is no whole frame is refused", async () => {
  const frames = Buffer.concat([1, 2, 3].map((seq) => event(seq, { bytes: seq * 100 }).encode()));
  assert.deepEqual(
    decodeAll(frames).map(({ seq, payloadBytes }) => [seq, payloadBytes]),
    [
      [1, 100],
      [2, 200],
      [3, 300],
    ],
  );
  assert.deepEqual(decodeAll(new Uint8Array(0)), []);
  for (const bad of [frames.subarray(0, -1), frames.subarray(1), frames.subarray(0, 5)])
    await rejects((async () => decodeAll(bad))(), "EPROTO");
});
