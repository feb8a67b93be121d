import assert from "node:assert/strict";
import { test } from "node:test";
import { Ledger } from "../../../bench/against/ledger.ts";
import { judge, LEAST_LOSS, noiseOf, type Pair } from "../../../bench/against/verdict.ts";

/** Runs of one round each: `factors` is what this build has for each 100 of the other. */
const runsOf = (...factors: readonly number[]): Pair[][] =>
  factors.map((factor) => [{ current: factor, other: 100 }]);

test("without noise a loss counts from 3 percent on, for rates and for times", () => {
  const verdict = (factor: number, better: "higher" | "lower") =>
    judge(runsOf(factor, factor, factor, factor, factor), better).verdict;
  assert.equal(verdict(97.1, "higher"), "same");
  assert.equal(verdict(96.9, "higher"), "worse");
  assert.equal(verdict(103.2, "higher"), "better");
  assert.equal(verdict(103, "lower"), "same");
  assert.equal(verdict(103.2, "lower"), "worse");
  assert.equal(verdict(96.9, "lower"), "better");
});

test("a loss within what two runs of the same build differ is none", () => {
  const loud = judge(runsOf(90, 92, 99, 98, 95), "higher");
  assert.equal(loud.verdict, "same");
  assert(loud.threshold > 0.05 && loud.threshold < 0.06, `threshold ${loud.threshold}`);
  assert(Math.abs(loud.change + 0.05) < 1e-9);
  const quiet = judge(runsOf(94.5, 95, 95.5, 94, 96), "higher");
  assert.equal(quiet.verdict, "worse");
  assert.equal(quiet.threshold, LEAST_LOSS);
});

test("what the machine does to both builds is no noise, and what it does to one round is left out", () => {
  const speeds = [1, 0.5, 2, 0.7, 1.3];
  const drifting = speeds.map((speed) => [{ current: 90 * speed, other: 100 * speed }]);
  const { verdict, noise, change } = judge(drifting, "higher");
  assert.equal(verdict, "worse");
  assert(noise < 1e-9);
  assert(Math.abs(change + 0.1) < 1e-9);
  const disturbed = runsOf(90, 90, 90, 90, 90).map((rounds) => [...rounds, ...rounds, ...rounds]);
  disturbed[2]![1] = { current: 30, other: 100 };
  assert.equal(judge(disturbed, "higher").noise, 0);
});

test("noise is the largest difference of two changes but an outlier's, as that of one build's runs", () => {
  assert.equal(noiseOf([0.1, 0.1, 0.1]), 0);
  assert.equal(noiseOf([0.4]), 0);
  const changes = [0.01, -0.02, 0.03].map((change) => change * Math.SQRT2);
  const noise = Math.exp(0.05) - 1;
  assert(Math.abs(noiseOf(changes) - noise) < 1e-12);
  assert(Math.abs(noiseOf([...changes, 0, 0.5]) - noise) < 1e-12, "one of five runs may be an outlier");
  assert(noiseOf([...changes, 0.5]) > noise, "of four none is left out");
});

test("values without a ratio are refused", () => {
  assert.throws(() => judge([], "higher"), RangeError);
  assert.throws(() => judge([[]], "higher"), RangeError);
  for (const current of [0, -1, Number.NaN]) {
    assert.throws(() => judge([[{ current, other: 1 }]], "lower"), /must be above 0/);
    assert.throws(() => judge([[{ current: 1, other: current }]], "lower"), /must be above 0/);
    const ledger = new Ledger();
    const good = { ratio: "good", unit: "B", better: "lower", current: 1, other: 1 } as const;
    assert.throws(() => ledger.add(0, [good, { ...good, current }]), /must be above 0/);
    assert.deepEqual(ledger.findings(), []);
  }
});

test("more rounds are wanted for noise and for what looks worse, up to a number", () => {
  const pass = (ledger: Ledger, factors: readonly number[]): void => {
    for (const [run, current] of factors.entries())
      ledger.add(run, [{ ratio: "a", unit: "B", better: "lower", current, other: 100 }]);
  };
  const quiet = new Ledger();
  pass(quiet, [100, 101, 100]);
  assert.equal(quiet.needsMore(), false);
  assert.deepEqual(
    quiet.findings().map(({ ratio, verdict, runs }) => [ratio, verdict, runs.length]),
    [["a", "same", 3]],
  );
  const worse = new Ledger();
  for (const more of [true, true, true, true, false]) {
    pass(worse, [110, 110, 111]);
    assert.equal(worse.needsMore(), more);
  }
  const loud = new Ledger();
  pass(loud, [90, 100, 120]);
  assert.equal(loud.needsMore(), true);
  assert(worse.urgency() > loud.urgency());
  for (let more = 0; more < 7; more++) pass(loud, [90, 100, 120]);
  assert.equal(loud.needsMore(), false);
  loud.failure = "it broke";
  assert.equal(loud.needsMore(), false);
});

test("a loss of 10 percent is found in noise of 4 percent, and no loss is made of noise", () => {
  let state = 1;
  const chance = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  const normal = (): number => Math.sqrt(-2 * Math.log(chance())) * Math.cos(2 * Math.PI * chance());
  /** Measures as the benchmark does, pass after pass, with a disturbance in one round of ten. */
  const isWorse = (loss: number): boolean => {
    const ledger = new Ledger();
    do {
      for (let run = 0; run < 5; run++) {
        const noise = 0.04 * normal() + (chance() < 0.1 ? 0.16 * normal() : 0);
        const current = (1 - loss) * Math.exp(noise);
        ledger.add(run, [{ ratio: "a", unit: "x", better: "higher", current, other: 1 }]);
      }
    } while (ledger.needsMore());
    return ledger.findings()[0]!.verdict === "worse";
  };
  const count = (loss: number): number =>
    Array.from({ length: 300 }, () => isWorse(loss)).filter(Boolean).length;
  const found = count(0.1);
  const imagined = count(0);
  assert(found >= 294, `${found} of 300 losses were found`);
  assert(imagined <= 6, `${imagined} of 300 were imagined`);
});
