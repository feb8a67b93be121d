import assert from "node:assert/strict";
import { test } from "node:test";
import { RefusalLog } from "../../../src/overlay/transport-log.ts";

test("a line is written at once, then once in ten seconds with the number of those left out", () => {
  const lines: string[] = [];
  let now = 5;
  const refusals = new RefusalLog(
    (level, text) => lines.push(`${level} ${text}`),
    () => now,
  );
  for (let i = 0; i < 4; i++) refusals.note("no");
  refusals.note("never");
  now += 9_999;
  refusals.note("no");
  assert.deepEqual(lines.splice(0), ["err no", "err never"]);
  now += 1;
  refusals.note("no");
  refusals.note("no");
  refusals.note("never");
  assert.deepEqual(lines, ["err no (4 more before)", "err never"]);
});

test("many different lines don't pile up", () => {
  const lines: string[] = [];
  const refusals = new RefusalLog(
    (_level, text) => lines.push(text),
    () => 0,
  );
  for (let i = 0; i < 300; i++) refusals.note(`line ${i}`);
  assert.equal(lines.length, 300);
  refusals.note("line 0");
  refusals.note("line 299");
  assert.deepEqual(lines.slice(300), ["line 0"]);
});
