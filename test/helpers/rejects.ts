import assert from "node:assert/strict";
import { type ErrnoName, FluxError } from "../../src/base/index.ts";

/** Asserts that `promise` rejects with a FluxError of this code and, when it is given, exactly this text of its own (null: none); gives the error. */
export async function rejects(
  promise: Promise<unknown>,
  code: ErrnoName,
  text?: string | null,
): Promise<FluxError> {
  const error = await promise.then(
    () => assert.fail(`did not reject with ${code}`),
    (reason: unknown) => reason,
  );
  assert(error instanceof FluxError, `rejected with ${error}`);
  assert.equal(error.code, code, error.message);
  if (text !== undefined) assert.equal(error.text, text ?? undefined);
  return error;
}

/** What an iteration gave, and the error that ended it, if one did. */
export async function drain<T>(
  items: AsyncIterable<T>,
): Promise<{ items: T[]; error: FluxError | undefined }> {
  const seen: T[] = [];
  try {
    for await (const item of items) seen.push(item);
  } catch (error) {
    assert(error instanceof FluxError, `threw ${error}`);
    return { items: seen, error };
  }
  return { items: seen, error: undefined };
}

/** For assert.throws: that what was thrown is a FluxError of this code. */
export function failure(code: ErrnoName): (thrown: unknown) => true {
  return (thrown) => {
    assert(thrown instanceof FluxError, `threw ${thrown}`);
    assert.equal(thrown.code, code, thrown.message);
    return true;
  };
}
