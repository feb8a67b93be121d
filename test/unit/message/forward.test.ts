import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteSink, concatBytes, EMPTY } from "../../../src/base/index.ts";
import {
  decodeFrame,
  encodePushed,
  Message,
  MessageFlag,
  type MessageType,
} from "../../../src/message/index.ts";
import { anyFields, anyPayload, anyRoute, anyRoutes } from "../../helpers/message-arbitrary.ts";
import { assertSameFields, fieldsOf } from "../../helpers/message-fields.ts";
import { type TwinFields, twinEncode, twinNormal, twinPart } from "../../helpers/message-twin.ts";

const pushes = fc.array(anyRoute, { minLength: 1, maxLength: 3 });

function forward(message: Message, pushed: Uint8Array, headFrom: number): Uint8Array {
  const sink = new ByteSink();
  message.forwardTo(sink, pushed, headFrom);
  return concatBytes(sink.take());
}

/** Offset in the head of `message` behind its first `count` routes. */
function behind(message: Message, routes: readonly string[], count: number): number {
  const popped = routes.slice(0, count).map((id) => twinPart(Buffer.from(id)).length);
  return popped.reduce((sum, size) => sum + size, message.headStart);
}

test("forwarding as it is gives the same bytes", () => {
  fc.assert(
    fc.property(anyFields, (fields) => {
      const bytes = twinEncode(fields);
      const message = decodeFrame(bytes);
      assert.ok(bytes.equals(forward(message, EMPTY, message.headStart)));
    }),
    { numRuns: 100 },
  );
});

test("routes pushed on are on top, and the ROUTE flag is set", () => {
  fc.assert(
    fc.property(anyFields, pushes, (fields, pushed) => {
      const bytes = twinEncode(fields);
      const message = decodeFrame(bytes);
      const expected = twinNormal({ ...fields, routes: [...pushed, ...(fields.routes ?? [])] });
      const parts = encodePushed(pushed);
      assert.ok(twinEncode(expected).equals(forward(message, parts, message.headStart)), "forwarded");
      const copy = message.withPushed(parts);
      assertSameFields(fieldsOf(copy), expected);
      assert.ok(twinEncode(expected).equals(copy.encode()), "copied");
      assert.equal(copy.frameBytes(), message.frameBytes(parts.length));
      assert.ok(bytes.equals(message.encode()), "the message itself is as it was");
    }),
    { numRuns: 200 },
  );
});

test("routes popped off and others pushed on", () => {
  fc.assert(
    fc.property(
      anyFields,
      anyRoutes,
      fc.nat(400),
      fc.array(anyRoute, { maxLength: 2 }),
      (base, routes, many, pushed) => {
        const fields = twinNormal({ ...base, routes });
        const message = decodeFrame(twinEncode(fields));
        const count = Math.min(many, routes.length);
        const expected = { ...fields, routes: [...pushed, ...routes.slice(count)] };
        const bytes = forward(message, encodePushed(pushed), behind(message, routes, count));
        assert.ok(twinEncode(expected).equals(bytes));
      },
    ),
    { numRuns: 200 },
  );
});

test("a copy with nothing pushed has an empty stack at least", () => {
  const bare = Message.request({ topic: "a.b", routes: null });
  assert.equal(bare.routes, undefined);
  const copy = bare.withPushed(EMPTY);
  assert.deepEqual(copy.routes, []);
  assert.equal(copy.atRequester, true);
  assert.equal(copy.topic, "a.b");
});

test("a payload of 16 KiB and more is passed on by reference, and so is that of a copy", () => {
  const payload = new Uint8Array(100_000).fill(5);
  const message = Message.event({ topic: "big", payload });
  for (const sent of [message, message.withPushed(encodePushed(["r"]))]) {
    const sink = new ByteSink();
    sent.encodeTo(sink);
    const chunks = sink.take();
    assert.ok(chunks.some((chunk) => chunk.buffer === payload.buffer && chunk.length === payload.length));
    assertSameFields(fieldsOf(decodeFrame(concatBytes(chunks))), fieldsOf(sent));
  }
});

test("a response has the routes, topic, tag and flags of its request", () => {
  const request = anyFields.map((fields) =>
    twinNormal({ ...fields, type: 1, flags: fields.flags & ~MessageFlag.NORESPONSE }),
  );
  fc.assert(
    fc.property(
      request,
      fc.nat(0xffffffff),
      fc.option(anyPayload, { nil: undefined }),
      (fields, errnum, payload) => {
        const response = decodeFrame(twinEncode(fields)).deriveResponse(errnum, payload);
        const expected: TwinFields = twinNormal({
          ...fields,
          type: 2,
          userid: 0xffffffff,
          rolemask: 0,
          aux1: errnum,
          payload: payload?.length === 0 ? undefined : payload,
        });
        assertSameFields(fieldsOf(response), expected);
        assert.ok(twinEncode(expected).equals(response.encode()));
        const among = Uint8Array.from([1, ...(payload ?? []), 2, 3]);
        const part = decodeFrame(twinEncode(fields)).deriveResponse(errnum, among, 1, among.length - 2);
        assertSameFields(fieldsOf(part), expected);
        assert.ok(twinEncode(expected).equals(part.encode()));
      },
    ),
    { numRuns: 200 },
  );
});

test("a response may have a part of its request's payload, wherever its head is", () => {
  for (const topic of ["a.b", "a.b".repeat(20)]) {
    const payload = Buffer.from("hello world");
    const request = decodeFrame(twinEncode({ ...fieldsOf(Message.request({ topic, payload })) }));
    const { body, bodyStart, bodyEnd } = request;
    for (let start = bodyStart; start <= bodyEnd; start++) {
      for (let end = start; end <= bodyEnd; end++) {
        const response = request.deriveResponse(0, body, start, end);
        const expected = payload.subarray(start - bodyStart, end - bodyStart);
        assert.deepEqual(Buffer.from(decodeFrame(response.encode()).payload ?? EMPTY), expected);
      }
    }
  }
});

test("what is no part of an array is refused", () => {
  const request = Message.request({ topic: "a.b" });
  for (const [start, end] of [
    [0, 101],
    [-1, 3],
    [4, 3],
    [0, Number.NaN],
  ]) {
    const error = { code: "EINVAL", message: /no part of 100 bytes/ };
    assert.throws(() => request.deriveResponse(0, new Uint8Array(100), start, end), error);
    assert.throws(() => request.deriveEvent("a", 0, new Uint8Array(100), start, end), error);
  }
});

test("only a request that wants one has a response", () => {
  for (const type of [2, 4, 8] satisfies MessageType[]) {
    const message = decodeFrame(twinEncode({ ...fieldsOf(Message.request({})), type }));
    assert.throws(() => message.deriveResponse(0, undefined), { code: "EPROTO" });
  }
  const silent = Message.request({ topic: "a", flags: MessageFlag.NORESPONSE });
  assert.throws(() => silent.deriveResponse(0, undefined), { code: "EINVAL" });
});
