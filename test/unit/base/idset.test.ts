import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeIdset, encodeIdset, strsignal } from "../../../src/base/index.ts";

test("sets of ids are read as flux-core reads them", () => {
  const texts: Record<string, number[]> = {
    "": [],
    "[]": [],
    "0": [0],
    "[0]": [0],
    "[1-2]": [1, 2],
    "1,2-5,7": [1, 2, 3, 4, 5, 7],
    "4294967293": [4294967293],
  };
  for (const [text, ids] of Object.entries(texts)) assert.deepEqual(decodeIdset(text), ids, text);
});

test("what is no set of ids", () => {
  for (const text of [
    "0,0",
    "3,1",
    "1-1",
    "3-1",
    "01",
    "1-2,2-4",
    " 1",
    "1-",
    "-1",
    "x",
    "1,",
    "[1",
    "1]",
    "4294967294",
  ])
    assert.equal(decodeIdset(text), undefined, text);
});

test("a range that would fill the memory is refused", () => {
  assert.equal(decodeIdset("0-4294967293"), undefined);
  assert.equal(decodeIdset("0-4000000,4000002-8000000"), undefined);
});

test("ids are written as ranges, in any order and twice", () => {
  assert.equal(encodeIdset([7, 1, 2, 3, 2, 5, 4]), "1-5,7");
  assert.equal(encodeIdset(new Set([0, 1])), "0-1");
  assert.equal(encodeIdset([]), "");
});

test("brackets are for more than one id", () => {
  assert.equal(encodeIdset([0], { brackets: true }), "0");
  assert.equal(encodeIdset([0, 2], { brackets: true }), "[0,2]");
});

test("what is written is read again", () => {
  const sets = fc.uniqueArray(fc.nat(300));
  fc.assert(
    fc.property(sets, fc.boolean(), (ids, brackets) => {
      assert.deepEqual(
        decodeIdset(encodeIdset(ids, { brackets })),
        [...ids].sort((a, b) => a - b),
      );
    }),
  );
});

test("signals have the texts of strsignal(3)", () => {
  const texts = [1, 9, 11, 15, 20, 31, 34, 64, 0, 65].map(strsignal);
  assert.deepEqual(texts, [
    "Hangup",
    "Killed",
    "Segmentation fault",
    "Terminated",
    "Stopped",
    "Bad system call",
    "Real-time signal 0",
    "Real-time signal 30",
    "Unknown signal 0",
    "Unknown signal 65",
  ]);
});
