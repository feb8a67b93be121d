import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeFrame, decodeMessage } from "../../../src/message/index.ts";
import { anyFields, anyMadeFields, make } from "../../helpers/message-arbitrary.ts";
import { assertSameFields, fieldsOf } from "../../helpers/message-fields.ts";
import { twinDecodeBody, twinEncode, twinFrame, twinPart, twinParts } from "../../helpers/message-twin.ts";

test("what a program makes has the twin's bytes", () => {
  fc.assert(
    fc.property(anyMadeFields, (fields) => {
      const message = make(fields);
      const bytes = message.encode();
      assert.ok(twinEncode(fields).equals(bytes), "both encode alike");
      assert.equal(message.frameBytes(), bytes.length);
      assertSameFields(fieldsOf(message), fields);
      assertSameFields(twinDecodeBody(bytes.subarray(8)), fields);
    }),
    { numRuns: 300 },
  );
});

test("the twin's bytes decode to the same fields and encode to the same bytes", () => {
  fc.assert(
    fc.property(anyFields, (fields) => {
      const bytes = twinEncode(fields);
      const message = decodeFrame(bytes);
      assertSameFields(fieldsOf(message), fields);
      assert.equal(message.firstRoute, fields.routes?.at(-1));
      assert.equal(message.atRequester, fields.routes?.length === 0);
      assert.equal(message.payloadBytes, fields.payload?.length ?? 0);
      assert.ok(bytes.equals(message.encode()), "same bytes");
    }),
    { numRuns: 300 },
  );
});

test("a message may lie anywhere in its chunk", () => {
  fc.assert(
    fc.property(
      anyFields,
      fc.uint8Array({ maxLength: 9 }),
      fc.uint8Array({ maxLength: 9 }),
      (fields, before, after) => {
        const bytes = twinEncode(fields);
        const chunk = Buffer.concat([before, bytes.subarray(8), after]);
        const message = decodeMessage(chunk, before.length, chunk.length - after.length);
        assertSameFields(fieldsOf(message), fields);
        assert.ok(bytes.equals(message.encode()), "same bytes");
      },
    ),
    { numRuns: 100 },
  );
});

test("long lengths of short parts are taken and mean the same", () => {
  fc.assert(
    fc.property(anyFields, fc.infiniteStream(fc.boolean()), (fields, long) => {
      const parts = twinParts(fields).map((part) => twinPart(part, long.next().value));
      const message = decodeFrame(twinFrame(Buffer.concat(parts)));
      assertSameFields(fieldsOf(message), fields);
      assert.equal(message.firstRoute, fields.routes?.at(-1));
      assert.equal(message.atRequester, fields.routes?.length === 0);
      assert.equal(message.frameBytes(), message.encode().length);
      assertSameFields(twinDecodeBody(message.encode().subarray(8)), fields);
    }),
    { numRuns: 200 },
  );
});

/** Part lists as no sender makes them: wrong counts, flags that don't fit, headers that are none, cut ends. */
const anyParts = fc.record({
  parts: fc.array(fc.uint8Array({ maxLength: 4 }), { maxLength: 6 }),
  flags: fc.nat(255),
  type: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(1, 2, 4, 8) },
    { weight: 1, arbitrary: fc.nat(255) },
  ),
  header: fc.constantFrom("good", "good", "good", "magic", "version", "short", "long", "none"),
  cut: fc.option(fc.nat(8), { nil: undefined, freq: 4 }),
});

test("both take and refuse the same part lists, for the same reason", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(anyParts, ({ parts, flags, type, header, cut }) => {
      const last = Buffer.from([0x8e, 1, type, flags, ...new Uint8Array(16).fill(7)]);
      if (header === "magic") last[0] = 0x8f;
      if (header === "version") last[1] = 2;
      const end = header === "short" ? last.subarray(0, 19) : last;
      const contents = header === "none" ? parts : [...parts, end];
      if (header === "long") contents.push(Buffer.alloc(0));
      let body = Buffer.concat(contents.map((part) => twinPart(part)));
      if (cut !== undefined) body = body.subarray(0, Math.max(0, body.length - cut));
      const outcome = (decode: () => unknown): unknown => {
        try {
          return decode();
        } catch (error) {
          seen.add((error as { code: string }).code);
          return (error as { code: string }).code;
        }
      };
      const expected = outcome(() => twinDecodeBody(body));
      const actual = outcome(() => fieldsOf(decodeMessage(body)));
      if (typeof expected === "string") assert.equal(actual, expected);
      else
        assertSameFields(actual as typeof expected & ReturnType<typeof twinDecodeBody>, twinDecodeBody(body));
    }),
    { numRuns: 3000 },
  );
  assert.deepEqual([...seen].sort(), ["EINVAL", "EPROTO"], "both kinds of refusal were met");
});
