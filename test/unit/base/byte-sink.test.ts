import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteSink, concatBytes, takeChunk } from "../../../src/base/index.ts";

function write(sink: ByteSink, bytes: Uint8Array): void {
  const at = sink.reserve(bytes.length);
  assert.ok(at + bytes.length <= sink.bytes.length, "there is room");
  sink.bytes.set(bytes, at);
}

const filled = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);

const sizes = fc.oneof(
  fc.nat(20),
  fc.nat(3000),
  fc.constantFrom(511, 512, 513, 65_535, 65_536, 65_537, 200_000),
);
const anyStep = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constantFrom("write", "share"), size: sizes, byte: fc.nat(255) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("take"), size: fc.constant(0), byte: fc.constant(0) }),
  },
);

test("what is taken is what was written, however it was", () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 30 }), (steps) => {
      const sink = new ByteSink();
      const written: Uint8Array[] = [];
      const taken: Uint8Array[] = [];
      let length = 0;
      for (const { kind, size, byte } of steps) {
        if (kind === "take") {
          taken.push(...sink.take());
          length = 0;
        } else {
          const bytes = Uint8Array.from({ length: size }, (_, i) => (byte + i) & 0xff);
          written.push(bytes);
          length += size;
          if (kind === "share") sink.share(bytes);
          else write(sink, bytes);
        }
        assert.equal(sink.length, length);
      }
      taken.push(...sink.take());
      assert.equal(sink.length, 0);
      assert.ok(Buffer.compare(concatBytes(taken), concatBytes(written)) === 0);
    }),
    { numRuns: 300 },
  );
});

test("a shared span is passed on as it is, in its place", () => {
  const sink = new ByteSink();
  const shared = filled(10, 2);
  write(sink, filled(2, 1));
  sink.share(shared);
  write(sink, filled(2, 3));
  const chunks = sink.take();
  assert.deepEqual(
    chunks.map((chunk) => [...new Set(chunk)]),
    [[1], [2], [3]],
  );
  assert.equal(chunks[1], shared);
});

test("a chunk that was taken is never written again", () => {
  const sink = new ByteSink();
  write(sink, filled(10, 1));
  const [first] = sink.take();
  const copy = Uint8Array.from(first!);
  for (let i = 0; i < 100; i++) write(sink, filled(50, 9));
  sink.take();
  assert.deepEqual(Uint8Array.from(first!), copy);
});

test("small writes in one tick are one chunk after the first take", () => {
  const sink = new ByteSink();
  const round = (): number => {
    for (let i = 0; i < 100; i++) write(sink, filled(100, i));
    return sink.take().length;
  };
  round();
  assert.equal(round(), 1);
  assert.deepEqual(sink.take(), []);
  assert.equal(sink.bytes.length, 0, "an idle sink holds no memory");
});

test("released memory is used again, by whichever sink wants that size, and not before", () => {
  const one = new ByteSink();
  const other = new ByteSink();
  write(one, filled(20_000, 1));
  const [first] = one.lend();
  write(other, filled(20_000, 2));
  assert.notEqual(other.bytes.buffer, first!.buffer);
  assert.deepEqual(Uint8Array.from(first!), filled(20_000, 1));
  one.release();
  one.release();
  const third = new ByteSink();
  write(third, filled(20_000, 3));
  assert.equal(third.bytes.buffer, first!.buffer);
  write(one, filled(20_000, 4));
  assert.notEqual(one.bytes.buffer, first!.buffer, "released once, used once");
});

test("memory that is given with a shared span is used again once it is released, and no other", () => {
  const sink = new ByteSink();
  const given = takeChunk(32_768).bytes.fill(1);
  const kept = takeChunk(32_768).bytes.fill(2);
  sink.share(given.subarray(10, 20_000), true);
  sink.share(kept);
  const taken = sink.lend();
  const memoryNow = (): Set<ArrayBufferLike> => {
    const probe = new ByteSink();
    const found = new Set<ArrayBufferLike>();
    for (let i = 0; i < 100; i++) {
      probe.reserve(32_768);
      found.add(probe.bytes.buffer);
    }
    return found;
  };
  assert.equal(memoryNow().has(given.buffer), false, "not released yet");
  assert.deepEqual(taken[0], filled(19_990, 1));
  sink.release();
  const memory = memoryNow();
  assert.equal(memory.has(given.buffer), true);
  assert.equal(memory.has(kept.buffer), false);
  assert.ok(taken[1]!.every((byte) => byte === 2));
});

test("release is for what was lent last: what was lent before or taken is not used again", () => {
  const sink = new ByteSink();
  write(sink, filled(40_000, 1));
  const [first] = sink.lend();
  write(sink, filled(40_000, 2));
  const [second] = sink.lend();
  sink.release();
  write(sink, filled(40_000, 3));
  assert.equal(sink.bytes.buffer, second!.buffer);
  sink.take();
  sink.release();
  const probe = new ByteSink();
  for (let i = 0; i < 100; i++) {
    probe.reserve(40_000);
    assert.notEqual(probe.bytes.buffer, first!.buffer);
    assert.notEqual(probe.bytes.buffer, second!.buffer);
  }
});

test("words are those of the bytes, also behind a shared span", () => {
  const sink = new ByteSink();
  write(sink, filled(7, 1));
  sink.share(filled(3, 2));
  const at = sink.reserve(4);
  sink.words.setUint32(at, 0x01020304);
  assert.deepEqual([...sink.bytes.subarray(at, at + 4)], [1, 2, 3, 4]);
  assert.deepEqual([...concatBytes(sink.take())], [1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 2, 3, 4]);
});
