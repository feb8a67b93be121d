import assert from "node:assert/strict";
import { test } from "node:test";
import { aborted, within } from "../../../src/base/index.ts";

test("a promise that takes too long is undefined, one that fails fails", async () => {
  assert.equal(await within(Promise.resolve(7), 10_000), 7);
  assert.equal(await within(new Promise(() => {}), 1), undefined);
  await assert.rejects(within(Promise.reject(new Error("no")), 10_000), { message: "no" });
});

test("a signal is waited for, or has fired before", async () => {
  const control = new AbortController();
  const waited = aborted(control.signal);
  control.abort();
  await waited;
  await aborted(control.signal);
});
