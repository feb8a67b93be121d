import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 as zlibCrc32 } from "node:zlib";
import fc from "fast-check";
import { crc32 } from "../../../src/event-log/crc32.ts";

test("sums are zlib's, of any span, behind any other", () => {
  fc.assert(
    fc.property(
      // Of no bytes Node's function gives 0, whatever they stand behind.
      fc.uint8Array({ minLength: 1, maxLength: 1200 }),
      fc.nat(20),
      fc.nat(20),
      fc.integer({ min: 0, max: 0xffffffff }),
      (bytes, before, behind, seed) => {
        const start = Math.min(before, bytes.length - 1);
        const end = Math.max(start + 1, bytes.length - behind);
        const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
        assert.equal(crc32({ bytes, words }, start, end, seed), zlibCrc32(bytes.subarray(start, end), seed));
      },
    ),
    { numRuns: 2000 },
  );
});

test("the sum of the digits is the one that is published for this CRC", () => {
  const bytes = new TextEncoder().encode("123456789");
  assert.equal(crc32({ bytes, words: new DataView(bytes.buffer) }, 0, 9, 0), 0xcbf43926);
});
