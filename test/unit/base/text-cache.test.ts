import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TextCache } from "../../../src/base/index.ts";

const lenient = new TextDecoder("utf-8", { ignoreBOM: true });

test("a cache gives the text of the bytes, whatever it gave before", () => {
  const cache = new TextCache();
  const few = fc.array(fc.constantFrom(0x61, 0x62, 0x2e, 0xc3, 0xa9, 0xff, 0), { maxLength: 4 });
  const any = fc.oneof(few, fc.array(fc.nat(255), { maxLength: 70 }));
  fc.assert(
    fc.property(fc.array(any, { maxLength: 20 }), fc.nat(5), (texts, before) => {
      for (const bytes of texts) {
        const whole = Uint8Array.from([...new Array<number>(before).fill(0x78), ...bytes, 0x78]);
        const text = cache.decode(whole, before, before + bytes.length);
        assert.equal(text, lenient.decode(Uint8Array.from(bytes)));
      }
    }),
    { numRuns: 500 },
  );
});

test("more texts than the cache holds, round and round", () => {
  const cache = new TextCache();
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 5000; i++) {
      const bytes = Buffer.from(`topic.${i}`);
      assert.equal(cache.decode(bytes, 0, bytes.length), `topic.${i}`);
    }
  }
});

test("bytes that change afterwards change no text", () => {
  const cache = new TextCache();
  const bytes = Buffer.from("abc");
  assert.equal(cache.decode(bytes, 0, 3), "abc");
  bytes[0] = 0x7a;
  assert.equal(cache.decode(bytes, 0, 3), "zbc");
  assert.equal(cache.decode(Buffer.from("abc"), 0, 3), "abc");
});
