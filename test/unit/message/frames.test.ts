import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FluxError } from "../../../src/base/index.ts";
import {
  decodeFrame,
  decodeFrames,
  encodeFrames,
  Message,
  Role,
  textPayload,
} from "../../../src/message/index.ts";
import { anyFields } from "../../helpers/message-arbitrary.ts";
import { twinEncode, twinNormal, twinParts } from "../../helpers/message-twin.ts";

const hex = (frames: readonly Uint8Array[]): string[] =>
  frames.map((frame) => Buffer.from(frame).toString("hex"));
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const fromHex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));
const HELLO = Message.request({ topic: "overlay.hello", payload: textPayload("{}"), rolemask: Role.OWNER });

test("a hello request and a control message, byte for byte", () => {
  assert.deepEqual(hex(encodeFrames(HELLO)), [
    "",
    Buffer.from("overlay.hello").toString("hex"),
    "7b7d00",
    "8e01010bffffffff00000001ffffffff00000000",
  ]);
  assert.deepEqual(hex(encodeFrames(Message.control({ controlType: 1, status: 1 }))), [
    "",
    "8e010808ffffffff000000000000000100000001",
  ]);
});

test("routes go first, the latest foremost; a hop pops and pushes them", () => {
  const message = Message.response({ topic: "a.b", routes: ["last", "mid", "first"], payload: bytes("xy") });
  const texts = (frames: readonly Uint8Array[]): string[] =>
    frames.slice(0, -1).map((it) => Buffer.from(it).toString());
  assert.deepEqual(texts(encodeFrames(message)), ["last", "mid", "first", "", "a.b", "xy"]);
  assert.deepEqual(texts(encodeFrames(message, 1)), ["mid", "first", "", "a.b", "xy"]);
  assert.deepEqual(texts(encodeFrames(message, 3, [bytes("new"), bytes("er")])), [
    "new",
    "er",
    "",
    "a.b",
    "xy",
  ]);
  assert.throws(() => encodeFrames(message, 4), new FluxError("EPROTO", "message has too few routes"));
  const event = Message.event({ topic: "e", seq: 7, routes: null });
  assert.deepEqual(texts(encodeFrames(event, 0, [bytes("me")])), ["me", "", "e"]);
  assert.equal(hex(encodeFrames(event)).at(-1), "8e010409ffffffff000000000000000700000000");
  assert.throws(() => encodeFrames(event, 1), new FluxError("EPROTO", "message has too few routes"));
});

test("the payload is not copied, in either direction", () => {
  const payload = new Uint8Array(100_000);
  const frames = encodeFrames(Message.request({ topic: "t", payload }));
  assert.equal(frames[2], payload);
  assert.equal(decodeFrames(frames).payload, payload);
});

test("any message goes there and back, from a connection's bytes too, by way of another hop", () => {
  fc.assert(
    fc.property(anyFields, fc.boolean(), (fields, hop) => {
      const expected = twinNormal({ ...fields, routes: fields.routes ?? [] });
      const frames = encodeFrames(decodeFrame(twinEncode(fields)));
      assert.deepEqual(hex(frames), hex(twinParts(expected)));
      const there = hop ? decodeFrames(frames, bytes("the-hop")) : decodeFrames(frames);
      const back = decodeFrames(encodeFrames(there, hop ? 1 : 0));
      if (hop) assert.equal(there.routes?.[0], "the-hop");
      assert.equal(Buffer.compare(back.encode(), twinEncode(expected)), 0);
    }),
  );
});

test("what flux-core's decoder takes: frames that no flag announces, an empty payload", () => {
  const proto = fromHex("8e01010b ffffffff 00000001 ffffffff 00000000");
  const empty = new Uint8Array(0);
  const message = decodeFrames([empty, bytes("t"), empty, bytes("extra"), proto]);
  assert.equal(message.topic, "t");
  assert.equal(message.payload?.length, 0);
  assert(message.atRequester);
  const bare = decodeFrames([fromHex("8e010400 ffffffff 00000000 00000007 00000000")], bytes("peer"));
  assert.deepEqual([bare.seq, bare.routes, bare.topic], [7, undefined, undefined]);
});

test("what is no message", () => {
  const proto = fromHex("8e01010b ffffffff 00000001 ffffffff 00000000");
  const empty = new Uint8Array(0);
  const lacks = "message lacks a frame that its flags announce";
  const none = "message does not end with a header frame";
  const cases: [readonly Uint8Array[], string][] = [
    [[], none],
    [[empty], none],
    [[empty, bytes("t"), bytes("p"), proto.subarray(1)], none],
    [[proto], lacks],
    [[empty, proto], lacks],
    [[empty, bytes("t"), proto], lacks],
    [[bytes("route"), bytes("t"), bytes("p"), proto], lacks],
    [
      [empty, bytes("t"), bytes("p"), proto.map((it, i) => (i === 0 ? 0 : it))],
      "bad magic byte 0x00 in message header",
    ],
    [
      [empty, bytes("t"), bytes("p"), proto.map((it, i) => (i === 1 ? 2 : it))],
      "unsupported message version 2",
    ],
    [[empty, bytes("t"), bytes("p"), proto.map((it, i) => (i === 2 ? 3 : it))], "unknown message type 3"],
  ];
  for (const [frames, text] of cases)
    assert.throws(() => decodeFrames(frames), new FluxError("EPROTO", text), text);
});
