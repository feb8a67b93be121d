import assert from "node:assert/strict";
import { type ErrnoName, FluxError } from "../../../src/base/index.ts";

/** Assert that `run` throws a FluxError with this code and, if given, this text. */
export function assertThrows(run: () => unknown, code: ErrnoName, text?: string): void {
  try {
    run();
  } catch (error) {
    assert.ok(FluxError.is(error), `not a FluxError: ${error}`);
    assert.equal(error.code, code);
    if (text !== undefined) assert.equal(error.message, text);
    return;
  }
  assert.fail(`nothing thrown instead of ${code} ${text ?? ""}`);
}
