import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 as zlibCrc32 } from "node:zlib";
import fc from "fast-check";
import { copyWithCrc32, crc32 } from "../../../src/event-log/crc32.ts";

test("sums are zlib's, of any span, behind any other, copied or not", () => {
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
        const sum = zlibCrc32(bytes.subarray(start, end), seed);
        assert.equal(crc32({ bytes, words }, start, end, seed), sum);
        const copy = new Uint8Array(behind + end - start + 1);
        const to = { bytes: copy, words: new DataView(copy.buffer) };
        assert.equal(copyWithCrc32({ bytes, words }, start, end, to, behind, seed), sum);
        assert.deepEqual([...copy], [...new Uint8Array(behind), ...bytes.subarray(start, end), 0]);
      },
    ),
    { numRuns: 2000 },
  );
});

test("the sum of the digits is the one that is published for this CRC", () => {
  const bytes = new TextEncoder().encode("123456789");
  assert.equal(crc32({ bytes, words: new DataView(bytes.buffer) }, 0, 9, 0), 0xcbf43926);
});
