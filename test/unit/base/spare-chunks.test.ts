import assert from "node:assert/strict";
import { test } from "node:test";
import { type Chunk, giveChunk, takeChunk, wholeChunk } from "../../../src/base/spare-chunks.ts";

const KIB = 1024;

/** Takes all spares of `size`, so that none is left of other tests. */
function drain(size: number): void {
  for (let i = 0; i < 100; i++) takeChunk(size);
}

test("a chunk has room for what was asked, and an eighth more at most from 16 KiB on", () => {
  for (const size of [
    0,
    1,
    4095,
    4096,
    4097,
    16 * KIB,
    16 * KIB + 1,
    33_000,
    64 * KIB,
    64 * KIB + 1,
    72 * KIB,
    100_003,
    256 * KIB,
    256 * KIB + 1,
  ]) {
    const { bytes, words } = takeChunk(size);
    assert.ok(bytes.length >= size, `${size}`);
    assert.ok(bytes.length <= (size < 16 * KIB ? 2 : 1.125) * size, `${size}: ${bytes.length}`);
    assert.equal(words.buffer, bytes.buffer);
    assert.equal(words.byteOffset, bytes.byteOffset);
    assert.equal(words.byteLength, bytes.length);
  }
});

test("a chunk that was given is taken by the next who wants about as much, once", () => {
  drain(100_000);
  const chunk = takeChunk(100_000);
  assert.notEqual(takeChunk(100_000), chunk);
  giveChunk(chunk);
  assert.notEqual(takeChunk(50_000), chunk);
  assert.equal(takeChunk(99_000), chunk);
  assert.notEqual(takeChunk(99_000), chunk);
});

test("what is found by a part of it is the whole memory", () => {
  drain(80 * KIB);
  const { buffer } = takeChunk(80 * KIB).bytes;
  giveChunk(wholeChunk(new Uint8Array(buffer, 100, 7)));
  const again = takeChunk(80 * KIB).bytes;
  assert.equal(again.buffer, buffer);
  assert.equal(again.byteOffset, 0);
  assert.equal(again.length, 80 * KIB);
});

test("spares hold 4 MiB at most, the latest; small and huge chunks are not kept", () => {
  const chunks: Chunk[] = Array.from({ length: 100 }, () => takeChunk(128 * KIB));
  for (const chunk of chunks) giveChunk(chunk);
  const kept = new Set(Array.from({ length: 100 }, () => takeChunk(128 * KIB)));
  assert.deepEqual(
    chunks.filter((chunk) => kept.has(chunk)),
    chunks.slice(-32),
  );
  for (const size of [1000, 256 * KIB + 1]) {
    const chunk = takeChunk(size);
    giveChunk(chunk);
    assert.notEqual(takeChunk(size), chunk);
  }
});
