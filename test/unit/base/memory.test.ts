import assert from "node:assert/strict";
import { test } from "node:test";
import { FluxError, refusedMemory } from "../../../src/base/index.ts";

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

test("lengths and memory that the host refuses are ENOMEM", () => {
  for (const run of [() => new Uint8Array(2 ** 53), () => "x".repeat(2 ** 30), () => new Array(-1)]) {
    const error = thrownBy(run);
    const converted = refusedMemory(error);
    assert.ok(FluxError.is(converted, "ENOMEM"));
    assert.equal(converted.cause, error);
  }
  const long = Object.assign(new Error("Cannot create a string longer"), { code: "ERR_STRING_TOO_LONG" });
  assert.ok(FluxError.is(refusedMemory(long), "ENOMEM"));
});

test("any other error is itself, also a stack that is too deep", () => {
  const deep = (): unknown => [deep()];
  for (const error of [thrownBy(deep), new Error("x"), new FluxError("EPERM"), "text", null, undefined]) {
    assert.equal(refusedMemory(error), error);
  }
});
