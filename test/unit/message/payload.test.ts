import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeFrame, Message, textPayload } from "../../../src/message/index.ts";

/** The text of a payload, from a message that came over the wire. */
function textOf(payload: Uint8Array): string | undefined {
  return decodeFrame(Message.event({ topic: "t", payload }).encode()).text;
}

const bytes = (latin1: string): Uint8Array => Buffer.from(latin1, "latin1");

test("text goes up to the first NUL; what follows is ignored", () => {
  assert.equal(textOf(bytes("abc\0")), "abc");
  assert.equal(textOf(bytes("ab\0cd\0")), "ab");
  assert.equal(textOf(bytes("ab\0\xff\xfe\0")), "ab", "even when it is no UTF-8");
  assert.equal(textOf(bytes("\0")), "");
  assert.equal(textOf(bytes("\0\0\0")), "");
});

test("no NUL at the end is EPROTO", () => {
  assert.throws(() => textOf(bytes("abc")), { code: "EPROTO" });
  assert.throws(() => textOf(bytes("abc\0d")), { code: "EPROTO" });
  assert.throws(() => textOf(bytes("a")), { code: "EPROTO" });
  const empty = decodeFrame(
    Buffer.from("1200eeff0000001600148e0104020000000100000002000000030000000000", "hex").subarray(0, 30),
  );
  assert.equal(empty.payload?.length, 0);
  assert.throws(() => empty.text, { code: "EPROTO" });
});

test("no payload is no text", () => {
  assert.equal(Message.event({ topic: "t" }).text, undefined);
});

test("what is no UTF-8 is EPROTO", () => {
  const malformed = [
    "\xff",
    "\xc3",
    "\xc0\x80",
    "\xed\xa0\x80",
    "\xf4\x90\x80\x80",
    "ok\xe2\x82",
    "\xe2\x28\xa1",
  ];
  for (const latin1 of malformed) {
    assert.throws(() => textOf(bytes(`${latin1}\0`)), { code: "EPROTO", message: /UTF-8/ });
    assert.throws(() => textOf(bytes(`${latin1}\0tail\0`)), { code: "EPROTO", message: /UTF-8/ });
  }
});

test("a replacement character and a byte order mark are text like any other", () => {
  assert.equal(textOf(textPayload("\ufffd")), "\ufffd");
  assert.equal(textOf(textPayload("\ufeffa\ufeff")), "\ufeffa\ufeff");
});

test("every text without a NUL comes through", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
      const whole = text.replaceAll("\0", "");
      assert.equal(textOf(textPayload(whole)), whole);
      assert.equal(textOf(Buffer.concat([textPayload(whole), bytes("\xff\0")])), whole);
    }),
  );
});
