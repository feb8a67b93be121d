import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes, decodeUtf8, encodeUtf8 } from "../../../src/base/index.ts";
import { LineBuffer } from "../../../src/rexec/line-buffer.ts";

function takeAll(buffer: LineBuffer): string[] {
  const pieces: string[] = [];
  for (let piece = buffer.take(); piece !== undefined; piece = buffer.take()) pieces.push(decodeUtf8(piece));
  return pieces;
}

test("a line is a piece, with its newline, when it is whole", () => {
  const buffer = new LineBuffer({ byLine: true, maxBytes: 100 });
  buffer.push(encodeUtf8("a\nbc"));
  assert.deepEqual(takeAll(buffer), ["a\n"]);
  buffer.push(encodeUtf8("d"));
  assert.deepEqual(takeAll(buffer), []);
  buffer.push(encodeUtf8("\n\ne"));
  assert.deepEqual(takeAll(buffer), ["bcd\n", "\n"]);
  assert.equal(buffer.finished, false);
  buffer.end();
  assert.equal(buffer.finished, false);
  assert.deepEqual(takeAll(buffer), ["e"]);
  assert.equal(buffer.finished, true);
});

test("a line over the limit is cut there", () => {
  const buffer = new LineBuffer({ byLine: true, maxBytes: 4 });
  for (const text of ["abc", "defgh", "ij\nk"]) buffer.push(encodeUtf8(text));
  assert.deepEqual(takeAll(buffer), ["abcd", "efgh", "ij\n"]);
  buffer.end();
  assert.deepEqual(takeAll(buffer), ["k"]);
});

test("without lines each chunk is a piece", () => {
  const buffer = new LineBuffer({ byLine: false, maxBytes: 4 });
  buffer.push(encodeUtf8("a\nb"));
  buffer.push(encodeUtf8("c"));
  assert.deepEqual(takeAll(buffer), ["a\nb", "c"]);
  buffer.end();
  assert.equal(buffer.finished, true);
});

test("nothing is lost, however it comes: pieces are lines or as long as the limit", () => {
  const chunk = fc.array(fc.constantFrom("a", "b", "\n")).map((letters) => letters.join(""));
  fc.assert(
    fc.property(fc.array(chunk), fc.integer({ min: 1, max: 9 }), (chunks, maxBytes) => {
      const buffer = new LineBuffer({ byLine: true, maxBytes });
      const pieces: string[] = [];
      for (const text of chunks) {
        buffer.push(encodeUtf8(text));
        pieces.push(...takeAll(buffer));
      }
      for (const piece of pieces) {
        assert(piece.length <= maxBytes);
        assert.equal(piece.slice(0, -1).includes("\n"), false);
        assert(piece.endsWith("\n") || piece.length === maxBytes, JSON.stringify(piece));
      }
      buffer.end();
      pieces.push(...takeAll(buffer));
      assert.equal(buffer.finished, true);
      assert.equal(decodeUtf8(concatBytes(pieces.map((piece) => encodeUtf8(piece)))), chunks.join(""));
    }),
  );
});
