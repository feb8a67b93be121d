import assert from "node:assert/strict";
import { test } from "node:test";
import type { ScriptResult } from "../../interop/runner/run-script.ts";
import type { Outcome } from "../../interop/runner/tap.ts";
import { caseNumbers, judge, type KnownFailure } from "../../interop/runner/verdict.ts";

const FLUXBUS = "fluxbus";

function result(...outcomes: readonly Outcome[]): ScriptResult {
  const cases = outcomes.map((outcome, index) => ({ number: index + 1, name: `case ${index + 1}`, outcome }));
  return { script: "t1", cases, skipAll: undefined, seconds: 1, logFile: "t1.log", leftOver: [] };
}

function known(cases: string, where: KnownFailure["where"] = "fluxbus", unsteady?: true): KnownFailure {
  return { script: "t1", cases, where, reason: "no kvs", ...(unsteady && { unsteady }) };
}

test("as known only if each failure is known and each known failure fails", () => {
  const ran = result("ok", "not ok", "missing", "skipped", "todo");
  assert.equal(judge(ran, [known("2-3")], FLUXBUS).asKnown, true);
  assert.equal(judge(ran, [known("2")], FLUXBUS).asKnown, false);
  assert.equal(judge(ran, [{ ...known("2-3"), script: "t2" }], FLUXBUS).asKnown, false);
  const passes = judge(ran, [known("1-3")], FLUXBUS);
  assert.deepEqual(
    [passes.asKnown, passes.stale],
    [false, [{ number: 1, problem: "case 1: known to fail, but passed" }]],
  );
  assert.deepEqual(judge(ran, [known("2-3, 9")], FLUXBUS).stale, [{ number: 9, problem: "no such case" }]);
  assert.equal(judge(ran, [known("2-4")], FLUXBUS).asKnown, true, "a skipped case neither fails nor passes");
});

test("figures", () => {
  const { passed, skipped, failed } = judge(
    result("ok", "not ok", "skipped", "todo", "ok"),
    [known("2")],
    FLUXBUS,
  );
  assert.deepEqual([passed, skipped, failed.map(({ reason }) => reason)], [2, 2, ["no kvs"]]);
});

test("where a failure shows", () => {
  const ran = result("not ok");
  const knownTo = (where: KnownFailure["where"], broker: "flux" | "fluxbus"): boolean =>
    judge(ran, [known("1", where)], broker).asKnown;
  assert.deepEqual([knownTo("fluxbus", "fluxbus"), knownTo("fluxbus", "flux")], [true, false]);
  assert.deepEqual([knownTo("any", "fluxbus"), knownTo("any", "flux")], [true, true]);
});

test("an unsteady failure may pass", () => {
  assert.equal(judge(result("ok"), [known("1", "fluxbus", true)], FLUXBUS).asKnown, true);
  assert.equal(judge(result("not ok"), [known("1", "fluxbus", true)], FLUXBUS).asKnown, true);
});

test("a script that breaks off is case 0; what it did not reach is not held against the list", () => {
  const ran = result("ok");
  const broken = {
    ...ran,
    cases: [{ number: 0, name: "bailed out", outcome: "not ok" as const }, ...ran.cases],
  };
  assert.equal(judge(broken, [], FLUXBUS).asKnown, false);
  assert.equal(judge(broken, [known("0, 7")], FLUXBUS).asKnown, true);
  assert.deepEqual(judge(ran, [known("0")], FLUXBUS).stale, [
    { number: 0, problem: "known to break off, but did not" },
  ]);
});

test("lists of case numbers", () => {
  assert.deepEqual(caseNumbers("0"), [0]);
  assert.deepEqual(caseNumbers("1, 4-6,9"), [1, 4, 5, 6, 9]);
  for (const text of ["", "1,", "6-4", "one", "1-"]) assert.throws(() => caseNumbers(text), /not a list/);
});
