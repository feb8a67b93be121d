import assert from "node:assert/strict";
import { test } from "node:test";
import { ownText, shortText } from "../../../src/base/index.ts";
import { usedBytes } from "../../helpers/heap.ts";
import { until } from "../../helpers/until.ts";

test("a text of its own is the same text", () => {
  for (const text of ["", "a", "é\u{1f600}", "\ud800", " a ", "x".repeat(100_000)])
    assert.equal(ownText(text), text);
});

test("it does not keep alive what it was cut from", async () => {
  const kept: string[] = [];
  const before = usedBytes();
  for (let i = 0; i < 100; i++) {
    const long = Buffer.alloc(1_000_000, 0x61 + (i % 20)).toString("latin1");
    kept.push(ownText(long.slice(10, 60)));
  }
  await until(() => usedBytes() - before < 50_000_000, "the long texts are let go");
  assert.equal(kept.length, 100);
});

test("what an error repeats of a text is short", () => {
  assert.equal(shortText("short"), "short");
  assert.equal(shortText("x".repeat(128)).length, 128);
  assert.equal(shortText("x".repeat(129)), `${"x".repeat(128)}…`);
});
