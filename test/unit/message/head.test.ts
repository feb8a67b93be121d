import assert from "node:assert/strict";
import { test } from "node:test";
import { headOf } from "../../../src/message/head.ts";

test("the head of a topic is kept, but not of one so long that a thousand of them are a burden", () => {
  const short = "a.b".repeat(20);
  const long = "a.b".repeat(200);
  assert.equal(headOf([], short), headOf([], short));
  assert.notEqual(headOf([], long), headOf([], long));
  assert.deepEqual(headOf([], long), headOf([], long));
});
