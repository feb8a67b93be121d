import assert from "node:assert/strict";
import { test } from "node:test";
import { printable } from "../../../src/base/index.ts";

test("text keeps its letters and tabs, and loses its effect on lines and terminals", () => {
  for (const [text, shown] of [
    ["", ""],
    ["plain ünicode 日本 \u{1f600}\t\\n", "plain ünicode 日本 \u{1f600}\t\\n"],
    ["a\nb\r\nc", "a\\nb\\r\\nc"],
    ["\x1b[31mred\x07\0\x7f\x9b", "\\x1b[31mred\\x07\\x00\\x7f\\x9b"],
    ["\u2028\u2029\u202e\u2066", "\\u2028\\u2029\\u202e\\u2066"],
  ] as const)
    assert.equal(printable(text), shown);
});
