import assert from "node:assert/strict";
import { test } from "node:test";
import { parseTap } from "../../interop/runner/tap.ts";

test("sharness: passed, failed, skipped, and breakages the script knows of", () => {
  const tap = parseTap(
    [
      "ok 1 - a pipe works",
      "not ok 2 - 5 is # 6",
      "#",
      "#\ttest 5 -eq 6",
      "ok 3 # skip needs a terminal (missing TTY)",
      "not ok 4 - will work some day # TODO known breakage",
      "ok 5 - works today # TODO known breakage vanished",
      "# failed 1 among 5 test(s)",
      "1..5",
    ].join("\n"),
  );
  assert.deepEqual(tap, {
    cases: [
      { number: 1, name: "a pipe works", outcome: "ok" },
      { number: 2, name: "5 is # 6", outcome: "not ok" },
      { number: 3, name: "needs a terminal (missing TTY)", outcome: "skipped" },
      { number: 4, name: "will work some day", outcome: "todo" },
      { number: 5, name: "works today", outcome: "ok" },
    ],
    plan: 5,
    skipAll: undefined,
    bailOut: undefined,
  });
});

test("pycotap and Test.More: names without a dash, skips behind the name, the plan first", () => {
  const tap = parseTap(
    "1..3\r\nok 1 __main__.TestX.test_a\r\nok 2 __main__.TestX.test_b # SKIP no cffi\nok 3 - f:rank is 0\n",
  );
  assert.deepEqual(tap.cases, [
    { number: 1, name: "__main__.TestX.test_a", outcome: "ok" },
    { number: 2, name: "__main__.TestX.test_b", outcome: "skipped" },
    { number: 3, name: "f:rank is 0", outcome: "ok" },
  ]);
  assert.equal(tap.plan, 3);
});

test("results of a script inside a case don't count", () => {
  const { cases } = parseTap("ok 1 - a\nok 2 - b\nok 1 - inner\nnot ok 2 - inner\nok 3 - c\n1..3\n");
  assert.deepEqual(
    cases.map(({ name, outcome }) => `${name} ${outcome}`),
    ["a ok", "b ok", "c ok"],
  );
});

test("a result that was lost is missing, not passed", () => {
  const { cases } = parseTap("ok 1 - a\nhalf a line ok 2 - b\nok 3 - c\n1..3\n");
  assert.deepEqual(cases[1], { number: 2, name: "", outcome: "missing" });
  assert.equal(cases.length, 3);
});

test("a script that skips itself, and one that gives up", () => {
  assert.equal(parseTap("1..0 # SKIP no python\n").skipAll, "no python");
  assert.equal(parseTap("ok 1 - a\nBail out! no flux\n").bailOut, "no flux");
  assert.equal(parseTap("ok 1 - a\n").plan, undefined);
});
