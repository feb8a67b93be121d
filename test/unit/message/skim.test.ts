import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Framer, Message, MessageFlag, type Oversize } from "../../../src/message/index.ts";
import { anyFields } from "../../helpers/message-arbitrary.ts";
import { assertSameFields, fieldsOf } from "../../helpers/message-fields.ts";
import { type TwinFields, twinEncode } from "../../helpers/message-twin.ts";

interface Seen {
  readonly fields: TwinFields;
  readonly size: Oversize | undefined;
}

/** Pushes `stream` in pieces through a framer that skims; gives all messages in their order. */
function skim(stream: Uint8Array, limit: number, cuts: readonly number[], take = false): Seen[] {
  const seen: Seen[] = [];
  const framer = new Framer({ maxFrameBytes: limit });
  framer.oversized = (message, size) => seen.push({ fields: fieldsOf(message), size });
  const emit = (message: Message): void => {
    seen.push({ fields: fieldsOf(message), size: undefined });
  };
  const at = [0, ...cuts.map((cut) => cut % (stream.length + 1)).sort((a, b) => a - b), stream.length];
  const lent = new Uint8Array(stream.length);
  for (const [i, end] of at.slice(1).entries()) {
    const piece = stream.subarray(at[i], end);
    lent.set(piece);
    framer.push(lent.subarray(0, piece.length), emit, take ? () => false : undefined, true);
    lent.fill(0xee);
  }
  assert.equal(framer.pendingBytes, 0);
  return seen;
}

test("frames over the limit come without their payload, in their place, however the stream is cut", () => {
  const isShort = (fields: TwinFields): boolean => {
    const flags = fields.flags & ~MessageFlag.PAYLOAD;
    return twinEncode({ ...fields, flags, payload: undefined }).length < 8000;
  };
  const anyStream = fc.array(anyFields.filter(isShort), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(
      anyStream,
      fc.integer({ min: 20, max: 600 }),
      fc.array(fc.nat(), { maxLength: 12 }),
      fc.boolean(),
      (stream, limit, cuts, take) => {
        const frames = stream.map(twinEncode);
        const seen = skim(Buffer.concat(frames), limit, cuts, take);
        assert.equal(seen.length, stream.length);
        for (const [i, { fields, size }] of seen.entries()) {
          const bytes = frames[i]!.length - 8;
          const given = stream[i]!;
          if (bytes <= limit) {
            assert.equal(size, undefined);
            assertSameFields(fields, given);
            continue;
          }
          assert.deepEqual(size, { bytes, limit });
          const flags = given.flags & ~MessageFlag.PAYLOAD;
          assertSameFields(fields, { ...given, flags, payload: undefined });
        }
      },
    ),
    { numRuns: 500 },
  );
});

test("a frame over the limit costs 8 KiB, whatever it announces", () => {
  const framer = new Framer({ maxFrameBytes: 100_000 });
  const seen: Oversize[] = [];
  framer.oversized = (_message, size) => seen.push(size);
  const frame = Message.request({ topic: "a.b", payload: new Uint8Array(300_000) }).encode();
  for (let at = 0; at < frame.length; at += 1000) {
    assert.ok(framer.pendingBytes <= 8 * 1024 + 21);
    framer.push(frame.subarray(at, at + 1000), () => assert.fail("not a message"));
  }
  assert.deepEqual(seen, [{ bytes: frame.length - 8, limit: 100_000 }]);
  assert.equal(framer.pendingBytes, 0);
});

test("routes and topic up to 8 KiB are read; more of them loses the stream", () => {
  const payload = new Uint8Array(20_000);
  const routes = Array.from({ length: 7 }, (_, i) => `${i}`.repeat(1000));
  const frame = (topic: string): Uint8Array => Message.request({ topic, payload, routes }).encode();
  const [seen] = skim(frame("t".repeat(1000)), 10_000, [4000]);
  assert.deepEqual([seen?.fields.topic?.length, seen?.fields.routes], [1000, routes]);
  assert.throws(() => skim(frame("t".repeat(1200)), 10_000, []), {
    code: "EMSGSIZE",
    message: /^frame of \d+ bytes is over the limit of 10000$/,
  });
});

test("a malformed frame over the limit loses the stream", () => {
  const good = Message.request({ topic: "a.b", payload: new Uint8Array(500) }).encode();
  const damaged = (at: number, byte: number): Uint8Array => {
    const bytes = Uint8Array.from(good);
    bytes[at < 0 ? bytes.length + at : at] = byte;
    return bytes;
  };
  assert.equal(skim(good, 100, []).length, 1);
  for (const bytes of [damaged(-21, 19), damaged(-20, 0), damaged(-18, 3)])
    assert.throws(() => skim(bytes, 100, []), { code: "EMSGSIZE" });
  // The route stack has no end before the header.
  const routes = Message.request({ topic: "a.b", routes: ["r".repeat(250)] }).encode();
  routes[8] = 254;
  assert.throws(() => skim(routes, 100, []), { code: "EMSGSIZE" });
});
