import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { FluxError } from "../../../src/base/index.ts";

test("an error has number, code and text", () => {
  const plain = new FluxError("ENOSYS");
  assert.deepEqual(
    [plain.errno, plain.code, plain.message, plain.text],
    [38, "ENOSYS", "Function not implemented", undefined],
  );
  const told = new FluxError(1, "not you", { topic: "a.b", nodeid: 3, cause: plain });
  assert.deepEqual([told.errno, told.code, told.message, told.text], [1, "EPERM", "not you", "not you"]);
  assert.deepEqual([told.topic, told.nodeid, told.cause, told.name], ["a.b", 3, plain, "FluxError"]);
  assert.ok(told instanceof Error);
});

test("an empty text is none, and a number without a name keeps it", () => {
  const empty = new FluxError("EPROTO", "");
  assert.equal(empty.message, "Protocol error");
  assert.equal(empty.text, undefined);
  const strange = new FluxError(4711);
  assert.deepEqual([strange.errno, strange.code, strange.message], [4711, "E4711", "Unknown error 4711"]);
  assert.equal(Object.hasOwn(strange, "cause"), false);
});

test("is: the class, and the code", () => {
  const error = new FluxError("EPERM");
  assert.equal(FluxError.is(error), true);
  assert.equal(FluxError.is(error, "EPERM"), true);
  assert.equal(FluxError.is(error, "ENOSYS"), false);
  assert.equal(FluxError.is(Object.assign(new Error("x"), { code: "EPERM" }), "EPERM"), false);
  assert.equal(FluxError.is(undefined), false);
});

function thrownBy(run: () => void): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

test("from: a FluxError is itself, a system error keeps its code", () => {
  const error = new FluxError("EPERM");
  assert.equal(FluxError.from(error), error);
  const system = thrownBy(() => readFileSync("/nonexistent/file"));
  const converted = FluxError.from(system, "EPROTO");
  assert.deepEqual([converted.errno, converted.code, converted.cause], [2, "ENOENT", system]);
  assert.match(converted.message, /nonexistent/);
});

test("from: aborts and timeouts have codes of their own", () => {
  const aborted = AbortSignal.abort().reason as unknown;
  assert.equal(FluxError.from(aborted).code, "ECANCELED");
  assert.equal(FluxError.from(new DOMException("late", "TimeoutError")).code, "ETIMEDOUT");
  assert.equal(
    FluxError.from(Object.assign(new Error("x"), { name: "AbortError", code: "ABORT_ERR" })).code,
    "ECANCELED",
  );
});

test("from: anything else has the fallback's code", () => {
  assert.equal(FluxError.from(new Error("boom")).code, "EIO");
  assert.equal(FluxError.from(new Error("boom"), "EPROTO").message, "boom");
  assert.equal(
    FluxError.from(Object.assign(new Error("x"), { code: "ERR_STREAM_DESTROYED" }), "ECONNRESET").code,
    "ECONNRESET",
  );
  const thrown = FluxError.from("just a text", "EINVAL");
  assert.deepEqual([thrown.code, thrown.message, thrown.cause], ["EINVAL", "just a text", "just a text"]);
  assert.equal(FluxError.from(undefined).message, "undefined");
});
