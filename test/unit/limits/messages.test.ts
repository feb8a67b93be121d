import assert from "node:assert/strict";
import { test } from "node:test";
import { INGRESS_LIMITS, Ingress } from "../../../src/broker/ingress.ts";
import { checkJson, JSON_LIMITS, requestLimits } from "../../../src/client/json-limits.ts";
import { stringifyJson } from "../../../src/json/index.ts";
import { type JsonValue, MAX_DEPTH } from "../../../src/json/json-value.ts";
import { MAX_FRAME_BYTES } from "../../../src/message/framer.ts";
import { Framer, Message, PREAMBLE_BYTES, Role, textPayload } from "../../../src/message/index.ts";
import { failure } from "../../helpers/rejects.ts";

const EMSGSIZE = failure("EMSGSIZE");

test("JSON is parsed up to the limits of its sender, in bytes and in values", () => {
  const limits = requestLimits(undefined);
  const { jsonBytes, jsonValues, guestJsonBytes, guestJsonValues } = JSON_LIMITS;
  for (const [rolemask, bytes, values] of [
    [Role.OWNER, jsonBytes, jsonValues],
    [Role.USER, guestJsonBytes, guestJsonValues],
  ] as const) {
    const check = (payload: Uint8Array): void =>
      checkJson(Message.request({ topic: "a.b", rolemask, payload }), limits);
    // A NUL stands behind the text.
    check(new Uint8Array(bytes + 1));
    assert.throws(() => check(new Uint8Array(bytes + 2)), EMSGSIZE);
    const list = (count: number): Uint8Array => textPayload(`{"a":[${"{},".repeat(count - 4)}0]}`);
    check(list(values));
    assert.throws(() => check(list(values + 1)), EMSGSIZE);
  }
});

test("JSON that is nested too deep is not written either", () => {
  const nested = (depth: number): JsonValue => {
    let value: JsonValue = [];
    for (let level = 1; level < depth; level++) value = [value];
    return value;
  };
  assert.equal(stringifyJson(nested(MAX_DEPTH)).length, 2 * MAX_DEPTH);
  assert.throws(() => stringifyJson(nested(MAX_DEPTH + 1)), failure("EINVAL"));
});

test("a frame of the longest length is taken and sent, and none of a byte more", () => {
  const preamble = (bytes: number): Uint8Array => {
    const start = Buffer.from("1200eeff00000000", "hex");
    start.writeUInt32BE(bytes, 4);
    return start;
  };
  const take = (bytes: number): void => new Framer().push(preamble(bytes), () => assert.fail());
  take(MAX_FRAME_BYTES);
  assert.throws(() => take(MAX_FRAME_BYTES + 1), /over the limit/);
  const ingress = new Ingress();
  const empty = Message.request({ topic: "a.b", payload: new Uint8Array(MAX_FRAME_BYTES / 2) });
  const room = MAX_FRAME_BYTES + PREAMBLE_BYTES - (empty.frameBytes() - MAX_FRAME_BYTES / 2);
  const message = Message.request({ topic: "a.b", payload: new Uint8Array(room) });
  assert.equal(ingress.checkSize(message), undefined);
  assert.equal(ingress.checkSize(message, 1)?.code, "EMSGSIZE");
});

test("topics and routes at the limits enter, and one more of each does not", () => {
  const ingress = new Ingress();
  const { maxTopicBytes, ...routes } = INGRESS_LIMITS;
  for (const [rolemask, most, mostBytes] of [
    [Role.OWNER, routes.maxRoutes, routes.maxRouteBytes],
    [Role.USER, routes.guestMaxRoutes, routes.guestMaxRouteBytes],
  ] as const) {
    const check = (fields: { topic?: string; routes?: readonly string[] }) =>
      ingress.check(Message.request({ topic: "a.b", ...fields }), { userid: 7, rolemask })?.code;
    assert.equal(check({ topic: "t".repeat(maxTopicBytes) }), undefined);
    assert.equal(check({ topic: "t".repeat(maxTopicBytes + 1) }), "EINVAL");
    assert.equal(check({ routes: Array(most).fill("r") }), undefined);
    assert.equal(check({ routes: Array(most + 1).fill("r") }), "EMSGSIZE");
    // Five bytes tell the length of a long route, and one is the end of the stack.
    assert.equal(check({ routes: ["r".repeat(mostBytes - 6)] }), undefined);
    assert.equal(check({ routes: ["r".repeat(mostBytes - 5)] }), "EMSGSIZE");
  }
});
