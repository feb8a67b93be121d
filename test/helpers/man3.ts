import assert from "node:assert/strict";
import { type ErrnoName, FluxError } from "../../src/base/index.ts";
import { rejects as promiseRejects } from "./rejects.ts";

/** Longest time a test may wait for a message. */
export const BOUNDED = { timeout: 20_000 };

/** C's NULL where the types rule it out. */
export const NULL = null as never;

/** `call` throws a FluxError with this errno, at once. */
export function throws(code: ErrnoName, call: () => unknown): FluxError {
  try {
    call();
  } catch (error) {
    assert(FluxError.is(error), `threw ${error}`);
    assert.equal(error.code, code, error.message);
    return error;
  }
  return assert.fail(`did not throw ${code}`);
}

/** The promise rejects with a FluxError with this errno. */
export function rejects(code: ErrnoName, promise: Promise<unknown>): Promise<FluxError> {
  return promiseRejects(promise, code);
}

/** The bytes of `data` as numbers, whatever class they have. */
export function numbers(data: Uint8Array | null | undefined): number[] | undefined {
  return data === null || data === undefined ? undefined : [...data];
}
