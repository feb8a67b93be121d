import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeZ85, encodeZ85 } from "../../../src/base/index.ts";

test("the example of ZeroMQ's RFC 32", () => {
  const bytes = Uint8Array.from([0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b]);
  assert.equal(encodeZ85(bytes), "HelloWorld");
  assert.deepEqual(decodeZ85("HelloWorld"), bytes);
});

test("the largest word, and text that is none", () => {
  assert.equal(encodeZ85(new Uint8Array(4).fill(255)), "%nSc0");
  for (const text of ["%nSc1", "####!", "abcd", "abcdef", "abc d", 'abc"d', "abcdé"])
    assert.equal(decodeZ85(text), undefined, text);
});

test("bytes go there and back", () => {
  const words = fc.array(fc.nat(0xffffffff), { maxLength: 10 });
  fc.assert(
    fc.property(words, (all) => {
      const bytes = new Uint8Array(Uint32Array.from(all).buffer);
      const text = encodeZ85(bytes);
      assert.equal(text.length, all.length * 5);
      assert.deepEqual(decodeZ85(text), bytes);
    }),
  );
});
