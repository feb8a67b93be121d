import assert from "node:assert/strict";
import { test } from "node:test";
import { LimitedLog } from "../../../src/overlay/transport-log.ts";
import { until } from "../../helpers/until.ts";

test("a line is written at once, and after a while the number of those left out", async () => {
  const lines: string[] = [];
  const refusals = new LimitedLog((level, text) => lines.push(`${level} ${text}`), { quietMs: 20 });
  for (let i = 0; i < 5; i++) refusals.note("no");
  refusals.note("never");
  assert.deepEqual(lines, ["err no", "err never"]);
  await until(() => lines.length === 3, "the number");
  assert.equal(lines[2], "err no (4 more)");
  await until(() => {
    refusals.note("never");
    return lines.length > 3;
  }, "a line of its own again");
  assert.match(lines[3]!, /^err never/);
});

test("many different lines are bounded, and counted all the same", async () => {
  const lines: string[] = [];
  const refusals = new LimitedLog((_level, text) => lines.push(text), { quietMs: 200 });
  for (let i = 0; i < 3000; i++) refusals.note(`line ${i} ${"x".repeat(i)}`);
  const written = lines.length;
  assert(written <= 64, `${written} lines`);
  await until(() => lines.length > written, "the numbers");
  const counted = lines
    .slice(written)
    .map((line) => Number(/([\d,]+) more/.exec(line)![1]!.replace(",", "")));
  assert(counted.length <= 17);
  assert.equal(written + counted.reduce((sum, count) => sum + count), 3000);
});
