import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeMessage, Framer, MAX_FRAME_BYTES, Message } from "../../../src/message/index.ts";
import { anyFields } from "../../helpers/message-arbitrary.ts";
import { assertSameFields, fieldsOf } from "../../helpers/message-fields.ts";
import { type TwinFields, twinEncode, twinNormal } from "../../helpers/message-twin.ts";

const BASE: TwinFields = twinNormal({
  type: 1,
  flags: 0,
  userid: 1,
  rolemask: 2,
  aux1: 3,
  aux2: 4,
  routes: ["r1", "r2"],
  topic: "some.topic",
  payload: Buffer.from("payload\0"),
});
const SEVERAL = [
  BASE,
  { ...BASE, type: 8, routes: undefined, topic: undefined, payload: undefined },
  { ...BASE, type: 4, topic: "t".repeat(300), payload: undefined },
  { ...BASE, type: 2, routes: [], payload: new Uint8Array(400).fill(0xff) },
].map(twinNormal);

/** Pushes `chunks` through `framer` and gives what came out, as fields. */
function run(chunks: readonly Uint8Array[], framer = new Framer()): TwinFields[] {
  const messages: TwinFields[] = [];
  for (const chunk of chunks) framer.push(chunk, (message) => messages.push(fieldsOf(message)));
  return messages;
}

function assertSame(actual: readonly TwinFields[], expected: readonly TwinFields[]): void {
  assert.equal(actual.length, expected.length);
  for (const [i, fields] of actual.entries()) assertSameFields(fields, expected[i]!);
}

/** Cuts `bytes` at the given offsets. */
function cut(bytes: Uint8Array, offsets: readonly number[]): Uint8Array[] {
  const at = [0, ...offsets.map((offset) => offset % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end));
}

test("a stream may be cut anywhere, once", () => {
  const stream = Buffer.concat(SEVERAL.map(twinEncode));
  for (let at = 0; at <= stream.length; at++) {
    const framer = new Framer();
    assertSame(run([stream.subarray(0, at), stream.subarray(at)], framer), SEVERAL);
    assert.equal(framer.pendingBytes, 0);
  }
});

test("a stream may come one byte at a time", () => {
  const stream = Buffer.concat(SEVERAL.map(twinEncode));
  const framer = new Framer();
  assertSame(
    run(
      Array.from(stream, (byte) => Uint8Array.of(byte)),
      framer,
    ),
    SEVERAL,
  );
  assert.equal(framer.pendingBytes, 0);
});

test("a message comes out with its last byte, not later", () => {
  const stream = Buffer.concat(SEVERAL.map(twinEncode));
  const ends = SEVERAL.map((_, i) =>
    SEVERAL.slice(0, i + 1).reduce((sum, f) => sum + twinEncode(f).length, 0),
  );
  const framer = new Framer();
  let count = 0;
  for (let at = 0; at < stream.length; at++) {
    framer.push(stream.subarray(at, at + 1), () => count++);
    assert.equal(count, ends.filter((end) => end <= at + 1).length);
    const start = Math.max(0, ...ends.filter((end) => end <= at + 1));
    assert.equal(framer.pendingBytes, at + 1 - start);
  }
});

test("any messages, any cuts", () => {
  const anyStream = fc.array(anyFields, { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(anyStream, fc.array(fc.nat(), { maxLength: 12 }), (fields, cuts) => {
      const stream = Buffer.concat(fields.map(twinEncode));
      const framer = new Framer();
      assertSame(run(cut(stream, cuts), framer), fields);
      assert.equal(framer.pendingBytes, 0);
    }),
    { numRuns: 300 },
  );
});

test("messages of bytes that are only lent stay as they are, whichever frames were taken", () => {
  const anyStream = fc.array(anyFields, { minLength: 1, maxLength: 6 });
  const anyCuts = fc.array(fc.nat(), { maxLength: 12 });
  fc.assert(
    fc.property(anyStream, anyCuts, fc.array(fc.boolean()), (fields, cuts, takes) => {
      const stream = Buffer.concat(fields.map(twinEncode));
      const lent = new Uint8Array(stream.length);
      const framer = new Framer();
      const seen: (Message | TwinFields)[] = [];
      let asked = 0;
      for (const chunk of cut(stream, cuts)) {
        lent.set(chunk);
        framer.push(
          lent.subarray(0, chunk.length),
          (message) => seen.push(message),
          ({ bytes, words }, start, end) => {
            assert.equal(words.getUint32(start - 4), end - start);
            if (takes[asked++] !== true) return false;
            seen.push(fieldsOf(decodeMessage(bytes.slice(start, end))));
            bytes.fill(0xdd, start - 8, end);
            return true;
          },
          true,
        );
        lent.fill(0xee);
      }
      assertSame(
        seen.map((one) => (one instanceof Message ? fieldsOf(one) : one)),
        fields,
      );
    }),
    { numRuns: 300 },
  );
});

test("a message is alone when it was gathered, and large, for one who takes", () => {
  const stream = [100, 20_000, 20_000, 100].map((length) =>
    twinEncode(twinNormal({ ...BASE, payload: new Uint8Array(length).fill(1) })),
  );
  const whole = Buffer.concat(stream);
  const cutAt = [10, stream[0]!.length + 5, whole.length - 20];
  for (const take of [() => false, undefined]) {
    const framer = new Framer();
    const alone: boolean[] = [];
    for (const chunk of cut(whole, cutAt)) framer.push(chunk, (message) => alone.push(message.alone), take);
    assert.deepEqual(alone, [false, take !== undefined, false, false]);
  }
});

test("a large frame in small chunks is gathered whole", () => {
  const payload = Uint8Array.from({ length: 1_000_003 }, (_, i) => (i * 7) & 0xff);
  const fields = twinNormal({ ...BASE, payload });
  const stream = Buffer.concat([twinEncode(BASE), twinEncode(fields), twinEncode(BASE)]);
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < stream.length; at += 4093) chunks.push(stream.subarray(at, at + 4093));
  assertSame(run(chunks), [BASE, fields, BASE]);
});

test("a chunk is read, never written", () => {
  const stream = Buffer.concat(SEVERAL.map(twinEncode));
  const copy = Buffer.from(stream);
  run(cut(stream, [5, 100, 101, 350]));
  assert.ok(copy.equals(stream));
});

const preamble = (length: number, magic = 0x1200eeff): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(magic, 0);
  bytes.writeUInt32BE(length, 4);
  return bytes;
};

/** Pushes good messages and then `bytes`, one byte at a time: refused with the last of them, and for ever. */
function assertRefused(bytes: Uint8Array, code: string, framer = new Framer()): void {
  assertSame(run([twinEncode(SEVERAL[0]!)], framer), [SEVERAL[0]!]);
  for (let i = 0; i < bytes.length - 1; i++) run([bytes.subarray(i, i + 1)], framer);
  assert.throws(() => run([bytes.subarray(-1)], framer), { name: "FluxError", code });
  for (let again = 0; again < 2; again++) {
    assert.throws(() => run([twinEncode(BASE)], framer), { code });
    assert.throws(() => run([new Uint8Array(0)], framer), { code });
  }
}

test("a frame over the ceiling is refused at its eighth byte, without memory for it", () => {
  const framer = new Framer();
  const before = process.memoryUsage().arrayBuffers;
  assertRefused(preamble(0xffffffff), "EMSGSIZE", framer);
  assert.ok(framer.pendingBytes <= 8);
  assert.ok(process.memoryUsage().arrayBuffers - before < 1 << 20);
  assertRefused(preamble(MAX_FRAME_BYTES + 1), "EMSGSIZE");
  assertRefused(preamble(101), "EMSGSIZE", new Framer({ maxFrameBytes: 100 }));
});

test("the ceiling itself is taken", () => {
  const bytes = twinEncode(SEVERAL[3]!);
  const framer = new Framer({ maxFrameBytes: bytes.length - 8 });
  assertSame(run([bytes], framer), [SEVERAL[3]!]);
  assert.throws(() => run([bytes], new Framer({ maxFrameBytes: bytes.length - 9 })), { code: "EMSGSIZE" });
});

test("an announced length takes no memory before it arrives", () => {
  const framer = new Framer();
  const before = process.memoryUsage().arrayBuffers;
  run([preamble(MAX_FRAME_BYTES), Buffer.alloc(10)], framer);
  assert.equal(framer.pendingBytes, 18);
  assert.ok(process.memoryUsage().arrayBuffers - before < 1 << 20);
});

test("length 0 and a wrong magic are EPROTO", () => {
  assertRefused(preamble(0), "EPROTO");
  assertRefused(preamble(21, 0xffee0012), "EPROTO");
  assertRefused(preamble(0xffffffff, 0x1200eefe), "EPROTO");
  assertRefused(preamble(21, 0), "EPROTO");
});

test("a frame that decodes to nothing loses the stream with its last byte", () => {
  assertRefused(Buffer.concat([preamble(1), Buffer.of(0)]), "EPROTO");
  assertRefused(Buffer.concat([preamble(2), Buffer.of(2, 0)]), "EINVAL");
});

test("what came before the error in the same chunk is delivered", () => {
  const messages: TwinFields[] = [];
  const chunk = Buffer.concat([...SEVERAL.map(twinEncode), preamble(0), twinEncode(BASE)]);
  assert.throws(() => new Framer().push(chunk, (message) => messages.push(fieldsOf(message))), {
    code: "EPROTO",
  });
  assertSame(messages, SEVERAL);
});
