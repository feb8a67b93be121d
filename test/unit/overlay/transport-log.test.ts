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
  refusals.note("no");
  await until(() => lines.length === 4, "the next number");
  assert.equal(lines[3], "err no (1 more)");
  await until(() => {
    refusals.note("never");
    return lines.length > 4;
  }, "a line of its own again");
  assert.match(lines[4]!, /^err never/);
});

test("many different lines don't pile up, and are counted all the same", async () => {
  const lines: string[] = [];
  const refusals = new LimitedLog((_level, text) => lines.push(text), { quietMs: 200 });
  refusals.note("line 0");
  for (let i = 0; i < 300; i++) refusals.note(`line ${i}`);
  assert.equal(lines.length, 300);
  refusals.note("line 0");
  refusals.note("line 299");
  assert.deepEqual(lines.slice(300), ["line 0"]);
  await until(() => lines.length === 303, "the numbers");
  assert.deepEqual(lines.slice(301), ["line 0 (1 more)", "line 299 (1 more)"]);
});
