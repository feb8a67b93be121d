import assert from "node:assert/strict";
import { test } from "node:test";
import { describeMessage, Message, MessageFlag, textPayload } from "../../../src/message/index.ts";

const CRED = { userid: 1000, rolemask: 5 };

test("a request in four lines", () => {
  const message = Message.request({
    ...CRED,
    topic: "a.b",
    routes: ["0123456789", "abc"],
    payload: textPayload('{"x":1}'),
    matchtag: 7,
    flags: MessageFlag.STREAMING,
  });
  assert.equal(
    describeMessage(message, "tx"),
    [
      "> tx a.b",
      "> flags=topic,payload,route,streaming userid=1000 rolemask=0x5 nodeid=-1 matchtag=7",
      "> |abc!01234567|",
      '> [8] {"x":1}',
    ].join("\n"),
  );
});

test("responses, events and control messages have their own marks and fields", () => {
  assert.equal(
    describeMessage(Message.response({ topic: "a", errnum: 38, matchtag: 2 }), "rx"),
    "< rx a\n< flags=topic,route userid=-1 rolemask=0x0 errnum=38 matchtag=2",
  );
  assert.equal(
    describeMessage(Message.event({ ...CRED, topic: "e", seq: 9, routes: null }), "rx"),
    "e rx e\ne flags=topic userid=1000 rolemask=0x5 sequence=9",
  );
  assert.equal(
    describeMessage(Message.control({ controlType: 3, status: 4 }), "tx"),
    "c tx -\nc flags= userid=-1 rolemask=0x0 type=3 status=4",
  );
});

test("what is no text is shown in hex, and no more than 1024 of anything", () => {
  const last = (payload: Uint8Array): string | undefined =>
    describeMessage(Message.event({ topic: "e", payload }), "rx")
      .split("\n")
      .at(-1);
  assert.equal(last(Uint8Array.of(0, 255, 16)), "e [3] 00ff10");
  assert.equal(last(textPayload("a\u0007b")), "e [4] 61076200", "control characters don't reach a terminal");
  assert.equal(last(textPayload("x\ty")), "e [4] x\ty");
  assert.equal(last(textPayload("é")), "e [3] é");
  assert.equal(last(new Uint8Array(5000).fill(1)), `e [5000] ${"01".repeat(1024)}...`);
  assert.equal(last(textPayload("z".repeat(5000))), `e [5001] ${"z".repeat(1024)}...`);
});
