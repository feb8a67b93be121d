import assert from "node:assert/strict";
import { test } from "node:test";
import { commonStart } from "../../../src/cli/event-replay.ts";
import { parseSince } from "../../../src/cli/since.ts";

const NOW = Date.parse("2026-11-22T02:33:46Z");

test("positions, numbers, words and times to begin at", () => {
  assert.deepEqual(parseSince("1795337421306:7", NOW), { epoch: 1795337421306, seq: 7 });
  assert.deepEqual(parseSince("42", NOW), { seq: 42 });
  assert.deepEqual([parseSince("begin", NOW), parseSince("now", NOW)], ["begin", "now"]);
  assert.deepEqual(parseSince("-10m", NOW), { time: NOW - 600_000 });
  assert.deepEqual(parseSince("-1.5h", NOW), { time: NOW - 5_400_000 });
  assert.deepEqual(parseSince("2026-11-22T02:33:46Z", NOW), { time: NOW });
  assert.deepEqual(parseSince("2026-11-22 03:33:46+01:00", NOW), { time: NOW });
  // Without a zone they are times of this place, a date alone too.
  assert.deepEqual(parseSince("2026-11-22T02:33", NOW), { time: new Date(2026, 10, 22, 2, 33).getTime() });
  assert.deepEqual(parseSince("2026-11-22", NOW), { time: new Date(2026, 10, 22).getTime() });
});

test("other words are none", () => {
  const words = [
    "",
    "x",
    "1:2:3",
    "1:4294967296",
    "4294967296",
    "9007199254740993:1",
    "-",
    "-x",
    "-inf",
    "10m",
  ];
  for (const word of [...words, "2026-13-01", "2026-11-22T25:00"])
    assert.equal(parseSince(word, NOW), undefined, word);
});

test("the start that prefixes have in common", () => {
  assert.equal(commonStart(["job.", "job.x"]), "job.");
  assert.equal(commonStart(["job.start", "job.stop", "job.sta"]), "job.st");
  assert.equal(commonStart(["a", "b"]), "");
  assert.equal(commonStart([""]), "");
});
