import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { faultReport, LogSummary, type LogSummaryOptions } from "../../../src/client/index.ts";

/** A summary whose time is the test's, and what it wrote. */
function summaryOf(options: Partial<LogSummaryOptions> = {}) {
  const lines: string[] = [];
  let now = 0;
  let timer: { readonly at: number; readonly call: () => void } | undefined;
  const summary = new LogSummary({
    write: (level, text, appname) =>
      lines.push(`${level}${appname === undefined ? "" : ` ${appname}`}: ${text}`),
    clock: {
      now: () => now,
      after(ms, call) {
        assert.equal(timer, undefined);
        timer = { at: now + ms, call };
        return () => {
          timer = undefined;
        };
      },
    },
    ...options,
  });
  const say = (kind: string, who?: string, count = 1) => {
    for (let i = 1; i <= count; i++) summary.report("err", `${kind} ${i}`, { kind, who });
  };
  /** Lines since the last call. */
  const take = () => lines.splice(0);
  /** Lets the time pass to the next timer. */
  const pass = () => {
    assert(timer !== undefined, "there is a timer");
    const { at, call } = timer;
    now = at;
    timer = undefined;
    call();
    return take();
  };
  return { summary, say, take, pass, wait: (ms: number) => (now += ms), armed: () => timer !== undefined };
}

describe("lines that others cause", () => {
  test("the first of a kind and a user are written, the others counted and summed up", () => {
    const of = summaryOf({ burst: 2 });
    of.say("refused", "user 1", 5101);
    of.say("refused", "user 2", 2);
    of.say("slow", "user 1", 1);
    assert.deepEqual(of.take(), [
      "err: refused 1",
      "err: refused 2",
      "err: refused 1",
      "err: refused 2",
      "err: slow 1",
    ]);
    assert.deepEqual(of.pass(), ["err: refused: … and 5,099 more of user 1 in 60 s"]);
  });

  test("one that goes on costs a line an interval, one that paused begins anew, and then nothing runs", () => {
    const of = summaryOf({ burst: 2, intervalMs: 10_000 });
    of.say("refused", undefined, 3);
    assert.equal(of.take().length, 2);
    assert.deepEqual(of.pass(), ["err: refused: … and 1 more in 10 s"]);
    of.say("refused", undefined, 7);
    assert.deepEqual(of.pass(), ["err: refused: … and 7 more in 10 s"]);
    assert.deepEqual([of.pass(), of.armed(), of.summary.size], [[], false, 0]);
    of.say("refused");
    assert.deepEqual(of.take(), ["err: refused 1"]);
  });

  test("kinds, users, lines and summaries are bounded, and nothing is lost from the count", () => {
    const of = summaryOf({ burst: 1, maxLines: 10, maxKeys: 100, maxSummaries: 3 });
    for (let user = 0; user < 5000; user++) of.say("refused", `user ${user}`, user === 7 ? 50 : 2);
    assert.equal(of.summary.size, 100);
    const written = of.take().length;
    assert.equal(written, 10);
    const summaries = of.pass();
    assert.equal(summaries.length, 4);
    assert.equal(summaries[0], "err: refused: … and 49 more of user 7 in 60 s");
    const counted = summaries.map((line) => Number(/and ([\d,]+) more/.exec(line)![1]!.replace(",", "")));
    assert.equal(written + counted.reduce((sum, count) => sum + count), 4999 * 2 + 50);
  });

  test("a line has a length, and what others put in makes no lines", () => {
    const of = summaryOf({ maxTextLength: 32 });
    of.summary.report("debug", "a\nbroker.err[0]: \x1b[2Jforged", { kind: "k" }, "x");
    of.summary.report("err", "y".repeat(1e6), { kind: "k", who: `\n${"z".repeat(1e6)}` });
    assert.deepEqual(of.take(), ["debug x: a\\nbroker.err[0]: \\x1b[2Jforged", `err: ${"y".repeat(31)}…`]);
    for (let i = 0; i < 5; i++) of.say("k", `\n${"z".repeat(1e6)}`);
    of.take();
    const [line = ""] = of.pass();
    assert(line.length < 120 && !line.includes("\n"), line);
  });

  test("close writes the last summary once; nothing runs after it", () => {
    const of = summaryOf({ burst: 1 });
    of.say("refused", "user 1", 4);
    of.take();
    of.wait(2400);
    of.summary.close();
    of.summary.close();
    of.say("refused", "user 1", 4);
    assert.deepEqual([of.take(), of.armed()], [["err: refused: … and 3 more of user 1 in 2 s"], false]);
  });

  test("an interval that no timer takes is refused", () => {
    for (const intervalMs of [0, 2 ** 31, Number.NaN])
      assert.throws(
        () => new LogSummary({ write() {}, intervalMs }),
        /intervalMs is .*: it is 1 to 2147483647/,
      );
  });
});

describe("faults of the program", () => {
  test("the same error at the same place is written once, with its stack", () => {
    const of = summaryOf();
    const thrower = (text: string) => new TypeError(text);
    for (let i = 0; i < 10; i++)
      of.summary.report("err", ...faultReport(`a.${i}`, thrower(`bad\n    at forged ${i}`)));
    of.summary.report("err", ...faultReport("b", new RangeError("other")));
    const [first = "", second = "", ...none] = of.take();
    assert.equal(none.length, 0);
    const [head, place] = first.split("\n");
    assert.equal(head, "err: a.0: TypeError: bad\\n    at forged 0");
    assert.match(place ?? "", /^\s+at thrower .*log-summary\.test/);
    assert(first.split("\n").length <= 11);
    assert.match(second, /^err: b: RangeError: other\n\s+at /);
    assert.match(of.pass().join(), /^err: fault of service, TypeError at thrower .*: … and 9 more in 60 s$/);
  });

  test("whatever was thrown makes a line", () => {
    const stackless = Object.assign(new Error("e"), { stack: undefined });
    for (const [thrown, text] of [
      ["text", "x: text"],
      [undefined, "x: undefined"],
      [{ toString: 1 }, "x"],
      [stackless, "x: Error: e"],
    ] as const) {
      const [line, { details }] = faultReport("x", thrown);
      assert.deepEqual([line, details], [text, []]);
    }
  });
});
