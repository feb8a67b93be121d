import assert from "node:assert/strict";
import type { Message } from "../../src/message/index.ts";
import type { TwinFields } from "./message-twin.ts";

/** All fields of a message as plain values, each read through its getter. */
export function fieldsOf(message: Message): TwinFields {
  const { type, flags, userid, rolemask, aux1, aux2, routes, topic, payload } = message;
  return { type, flags, userid, rolemask, aux1, aux2, routes, topic, payload };
}

/** Compares two messages' fields; payloads as bytes, whatever class they are of. */
export function assertSameFields(actual: TwinFields, expected: TwinFields): void {
  const { payload: actualPayload, ...actualRest } = actual;
  const { payload: expectedPayload, ...expectedRest } = expected;
  assert.deepEqual(actualRest, expectedRest);
  assert.equal(actualPayload === undefined, expectedPayload === undefined, "both have a payload, or neither");
  if (actualPayload === undefined || expectedPayload === undefined) return;
  assert.ok(Buffer.compare(actualPayload, expectedPayload) === 0, "payloads are of the same bytes");
}
