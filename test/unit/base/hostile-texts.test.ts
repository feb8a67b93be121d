import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeHostlist, decodeIdset, FluxError, parseDuration, parseSize } from "../../../src/base/index.ts";
import { logLines, parseLogHeader, parseLogRecord } from "../../../src/client/index.ts";
import { topicMatcher } from "../../../src/message/index.ts";

/** Long enough that work in its square would take hours. */
const LONG = 2_000_000;

test("texts that nearly fit are refused after one look", () => {
  const digits = "1".repeat(LONG);
  assert.throws(
    () => parseSize(`${digits}x`),
    (error) => FluxError.is(error, "EINVAL"),
  );
  assert.equal(parseDuration(`${digits}x`), undefined);
  assert.equal(decodeIdset(`${digits}x`), undefined);
  assert.equal(decodeIdset("0-4294967293"), undefined);
  assert.equal(decodeIdset("0-9", 9), undefined);
  assert.deepEqual(decodeIdset("0-8", 9), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
  assert.equal(decodeHostlist("n[0-999999999]"), undefined);
  assert.equal(decodeHostlist("n[0-999][0-999][0-999]"), undefined);
  assert.equal(parseLogHeader(`<${digits}`), undefined);
  assert.equal(parseLogHeader(`<1>1${"9".repeat(500)}`), undefined);
  assert.equal(parseLogRecord(`<24>1 t 0 a p m ${"[".repeat(LONG)}`), undefined);
});

test("lines of a message of line ends", () => {
  assert.deepEqual(logLines(`${"\n".repeat(LONG)}x`), ["", "x"]);
  assert.deepEqual(logLines(`x${"\r\n".repeat(LONG)}`), ["x"]);
  for (const [message, lines] of [
    ["", [""]],
    ["\n", [""]],
    ["a\n\nb\r\n", ["a", "b"]],
    ["\na", ["", "a"]],
  ] as const)
    assert.deepEqual(logLines(message), lines);
});

test("a pattern of stars", () => {
  const topic = `${"a".repeat(1000)}b`;
  assert.equal(topicMatcher(`${"*a".repeat(400)}*c`)(topic), false);
  assert.equal(topicMatcher("[".repeat(1000))(topic), false);
});
