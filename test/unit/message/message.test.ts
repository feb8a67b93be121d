import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  encodePushed,
  MATCHTAG_NONE,
  Message,
  MessageFlag,
  NODEID_ANY,
  routeString,
  textPayload,
  USERID_UNKNOWN,
} from "../../../src/message/index.ts";
import { anyMadeFields, anyPayload, anyRoutes, anyTopic, make } from "../../helpers/message-arbitrary.ts";
import { assertSameFields, fieldsOf } from "../../helpers/message-fields.ts";
import { twinEncode, twinNormal } from "../../helpers/message-twin.ts";

test("a fresh message has flux-core's defaults", () => {
  const request = Message.request({ topic: "a.b" });
  assert.equal(request.nodeid, NODEID_ANY);
  assert.equal(request.matchtag, MATCHTAG_NONE);
  assert.equal(request.userid, USERID_UNKNOWN);
  assert.equal(request.rolemask, 0);
  assert.equal(request.flags, MessageFlag.TOPIC | MessageFlag.ROUTE);
  assert.deepEqual(request.routes, []);
  assert.equal(request.firstRoute, undefined);
  assert.equal(request.payload, undefined);
  assert.equal(request.payloadBytes, 0);
  assert.equal(Message.response({}).errnum, 0);
  assert.equal(Message.event({}).seq, 0);
});

test("the flags of parts follow the parts, whatever is asked for", () => {
  const all = Message.event({ flags: 0xff, routes: null });
  assert.equal(all.flags, 0xff & ~(MessageFlag.TOPIC | MessageFlag.PAYLOAD | MessageFlag.ROUTE));
  assert.equal(Message.request({ payload: new Uint8Array(0) }).has(MessageFlag.PAYLOAD), false);
  assert.equal(Message.request({ payload: Uint8Array.of(0) }).has(MessageFlag.PAYLOAD), true);
  assert.equal(all.has(MessageFlag.PRIVATE | MessageFlag.USER1), true);
  assert.equal(all.has(MessageFlag.PRIVATE | MessageFlag.TOPIC), false);
});

test("fields of another type are EPROTO", () => {
  const messages = {
    request: Message.request({ nodeid: 3, matchtag: 4 }),
    response: Message.response({ errnum: 5, matchtag: 6 }),
    event: Message.event({ seq: 7 }),
    control: Message.control({ controlType: 8, status: 9 }),
  };
  const wanted: Record<"nodeid" | "errnum" | "seq" | "matchtag", Record<string, number>> = {
    nodeid: { request: 3 },
    errnum: { response: 5 },
    seq: { event: 7 },
    matchtag: { request: 4, response: 6 },
  };
  for (const [field, owners] of Object.entries(wanted) as [keyof typeof wanted, Record<string, number>][]) {
    for (const [type, message] of Object.entries(messages)) {
      if (type in owners) assert.equal(message[field], owners[type]);
      else assert.throws(() => message[field], { code: "EPROTO" }, `${field} of a ${type}`);
    }
  }
});

test("a topic can't hold a NUL and a route can't be empty", () => {
  assert.throws(() => Message.request({ topic: "a\0b" }), { code: "EINVAL" });
  assert.throws(() => Message.request({ topic: "a\0b", routes: ["r"] }), { code: "EINVAL" });
  assert.throws(() => Message.request({ topic: "a", routes: ["r", ""] }), { code: "EINVAL" });
  assert.throws(() => encodePushed([""]), { code: "EINVAL" });
});

test("more topics than are remembered still encode right, also when they come back", () => {
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 1500; i++) {
      const message = Message.request({ topic: `remembered.${i}` });
      assert.equal(message.topic, `remembered.${i}`);
      assert.deepEqual(message.routes, []);
    }
  }
});

test("routes are shown oldest first, eight characters each", () => {
  assert.equal(routeString(["0123456789", "ab", "12345678"]), "12345678!ab!01234567");
  assert.equal(routeString([]), "");
});

test("a text payload ends with a NUL", () => {
  assert.deepEqual([...textPayload("é")], [0xc3, 0xa9, 0]);
  assert.deepEqual([...textPayload("")], [0]);
});

test("a control message has no parts but its header", () => {
  const control = Message.control({ controlType: 1, status: 2 });
  assert.equal(control.frameBytes(), 8 + 21);
  assert.equal(control.routes, undefined);
  assert.equal(control.firstRoute, undefined);
  assert.equal(control.topic, undefined);
  assert.equal(control.text, undefined);
  assert.equal(control.atRequester, false);
});

test("a message that is built step by step has what its last step says", () => {
  const fields = { topic: fc.option(anyTopic, { nil: null }), payload: fc.option(anyPayload, { nil: null }) };
  const anyChange = fc.record(
    { ...fields, routes: fc.option(anyRoutes, { nil: null }) },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(anyMadeFields, fc.array(anyChange, { maxLength: 4 }), (start, changes) => {
      const message = make(start);
      let expected = start;
      for (const change of changes) {
        message.edit(change);
        const { topic, payload, routes } = change;
        expected = twinNormal({
          ...expected,
          topic: topic === undefined ? expected.topic : (topic ?? undefined),
          payload: payload === undefined ? expected.payload : payload?.length ? payload : undefined,
          routes: routes === undefined ? expected.routes : (routes ?? undefined),
        });
        assertSameFields(fieldsOf(message), expected);
      }
      assert.ok(twinEncode(expected).equals(message.encode()));
    }),
    { numRuns: 200 },
  );
  assert.throws(() => Message.request({}).edit({ topic: "a\0b" }), { code: "EINVAL" });
});

test("the event of a request has its sender's credentials and nothing else of it", () => {
  fc.assert(
    fc.property(anyMadeFields, anyTopic, anyPayload, (fields, topic, payload) => {
      const request = Message.request({ ...fields, flags: MessageFlag.STREAMING });
      const event = request.deriveEvent(topic, MessageFlag.PRIVATE, payload);
      const { userid, rolemask } = request;
      const made = Message.event({ topic, payload, flags: MessageFlag.PRIVATE, userid, rolemask });
      assert.equal(event.topic, topic);
      assert.deepEqual(fieldsOf(event), fieldsOf(made));
      assert.deepEqual(event.encode(), made.encode());
      const among = Uint8Array.from([1, ...payload, 2, 3]);
      const part = request.deriveEvent(topic, MessageFlag.PRIVATE, among, 1, among.length - 2);
      assert.deepEqual(fieldsOf(part), fieldsOf(made));
      assert.deepEqual(part.encode(), made.encode());
    }),
  );
  assert.throws(() => Message.request({}).deriveEvent("a\0b", 0), { code: "EINVAL" });
});
