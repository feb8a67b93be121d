import assert from "node:assert/strict";
import { test } from "node:test";
import { parseJobId } from "../../../src/base/index.ts";

test("the forms of a job id", () => {
  // As `flux job id` converts them.
  assert.equal(parseJobId("ƒMtgsC1SxvtP"), 9000000012154830848n);
  assert.equal(parseJobId("fSpNVdH"), 16944988160n);
  assert.equal(parseJobId("16944988160"), 16944988160n);
  assert.equal(parseJobId("0x3f2000000"), 16944988160n);
  assert.equal(parseJobId("0000.0003.f200.0000"), 16944988160n);
  assert.equal(parseJobId("job.0000.0003.f200.0000"), 16944988160n);
});

test("what is none", () => {
  for (const text of [
    "",
    "f",
    "ƒ0",
    "fO",
    "x123",
    "-1",
    "1.5",
    "0000.0003.f200",
    "9".repeat(20),
    "f".repeat(99),
  ])
    assert.equal(parseJobId(text), undefined, text);
});
