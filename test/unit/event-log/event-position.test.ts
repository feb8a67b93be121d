import assert from "node:assert/strict";
import { test } from "node:test";
import {
  comparePositions,
  formatPosition,
  isPosition,
  LAST_SEQ,
  nextPosition,
  nextSeq,
  parsePosition,
} from "../../../src/message/index.ts";

test("a position as text", () => {
  for (const position of [
    { epoch: 0, seq: 0 },
    { epoch: 1_795_335_608_689, seq: 4711 },
    { epoch: Number.MAX_SAFE_INTEGER, seq: LAST_SEQ },
  ])
    assert.deepEqual(parsePosition(formatPosition(position)), position);
  for (const text of [
    "",
    "5",
    "5:",
    ":5",
    "5:-1",
    "5:4294967296",
    "9007199254740992:1",
    "5:1 ",
    "a:1",
    "1:2:3",
    "1.5:2",
  ])
    assert.throws(() => parsePosition(text), { code: "EINVAL" }, text);
});

test("positions are in order, by epoch and then by number", () => {
  const order = [
    [1, 5],
    [1, LAST_SEQ],
    [2, 0],
    [2, 1],
    [9, 0],
  ].map(([epoch, seq]) => ({ epoch: epoch!, seq: seq! }));
  for (const [i, a] of order.entries())
    for (const [j, b] of order.entries()) assert.equal(Math.sign(comparePositions(a, b)), Math.sign(i - j));
});

test("behind the last number comes 1 of the epoch after", () => {
  assert.deepEqual(nextPosition({ epoch: 5, seq: 0 }), { epoch: 5, seq: 1 });
  assert.deepEqual(nextPosition({ epoch: 5, seq: LAST_SEQ }), { epoch: 6, seq: 1 });
  assert.deepEqual([nextSeq(0), nextSeq(LAST_SEQ - 1), nextSeq(LAST_SEQ)], [1, LAST_SEQ, 1]);
});

test("numbers out of range are no position", () => {
  for (const [epoch, seq] of [
    [-1, 0],
    [0, -1],
    [1.5, 0],
    [0, 1.5],
    [2 ** 53, 0],
    [0, 2 ** 32],
    [Number.NaN, 0],
  ])
    assert.equal(isPosition({ epoch: epoch!, seq: seq! }), false);
});
