import assert from "node:assert/strict";
import { test } from "node:test";
import {
  EventIntake,
  type IntakeLimits,
  type LostReason,
  type RepairAnswer,
} from "../../../src/event-log/index.ts";
import { type EventRange, LAST_SEQ } from "../../../src/message/index.ts";
import { event, span } from "./events.ts";
import { ManualClock, settled } from "./manual-clock.ts";

interface Ask {
  readonly range: EventRange;
  readonly signal: AbortSignal;
  readonly answer: (answer: Partial<RepairAnswer>) => void;
  readonly fail: () => void;
}

/** An intake, what came out of it (numbers, and losses as text), and what it asked for. */
class Rig {
  readonly clock = new ManualClock();
  readonly out: (number | string)[] = [];
  readonly asks: Ask[] = [];
  readonly intake: EventIntake;

  constructor(limits: Partial<IntakeLimits> = {}) {
    this.intake = new EventIntake({
      clock: this.clock,
      limits,
      ask: (range, signal) =>
        new Promise((resolve, reject) => {
          this.asks.push({
            range,
            signal,
            answer: ({ events = [], gone = [] }) => resolve({ events, gone }),
            fail: () => reject(new Error("no answer")),
          });
        }),
      deliver: ({ seq }) => this.out.push(seq),
      lost: ({ epoch, first, last }: EventRange, reason: LostReason) =>
        this.out.push(`${reason} ${epoch}:${first}-${last}`),
    });
  }

  receive(...seqs: readonly number[]): this {
    for (const seq of seqs) this.intake.receive(event(seq));
    return this;
  }

  get ranges(): string[] {
    return this.asks.map(({ range: { epoch, first, last } }) => `${epoch}:${first}-${last}`);
  }

  /** Answers the latest ask. */
  async answer(seqs: readonly number[], gone: readonly (readonly [number, number])[] = []): Promise<void> {
    this.asks.at(-1)!.answer({ events: seqs.map((seq) => event(seq)), gone });
    await settled();
  }
}

test("passes events on as they come, from the first on", () => {
  const rig = new Rig().receive(100, 101, 102);
  assert.deepEqual(rig.out, [100, 101, 102]);
  assert.deepEqual(rig.intake.position, { epoch: 0, seq: 102 });
  assert.equal(rig.intake.repairing, false);
  assert.equal(rig.clock.pending, 0);
});

test("asks for what is missing and passes it on before what is behind it", async () => {
  const rig = new Rig();
  rig.intake.baseline({ epoch: 5, seq: 0 });
  rig.receive(1, 2, 5, 6);
  assert.deepEqual(rig.out, [1, 2]);
  assert.deepEqual(rig.ranges, ["5:3-4"]);
  assert.equal(rig.intake.repairing, true);
  await rig.clock.advance(7);
  await rig.answer([3, 4]);
  assert.deepEqual(rig.out, [1, 2, 3, 4, 5, 6]);
  assert.equal(rig.clock.pending, 0);
  const { bytes, ...stats } = rig.intake.stats;
  assert.equal(bytes, 2 * event(1).frameBytes());
  assert.deepEqual(stats, {
    repaired: 2,
    asked: 1,
    failed: 0,
    lost: 0,
    duplicates: 0,
    overflows: 0,
    held: 0,
    heldBytes: 0,
    repairs: 1,
    repairMaxMs: 7,
    repairTotalMs: 7,
  });
});

test("drops duplicates, those of held events too", async () => {
  const rig = new Rig().receive(1, 2, 2, 1, 5, 5);
  await rig.answer([3, 4, 5, 3]);
  rig.receive(3, 5, 6, 6);
  assert.deepEqual(rig.out, span(1, 6));
  assert.equal(rig.intake.stats.duplicates, 6);
});

test("an event that was only late closes the gap, and the ask is called off", () => {
  const rig = new Rig().receive(1, 4, 3);
  assert.deepEqual(rig.out, [1]);
  assert.equal(rig.asks[0]!.signal.aborted, false);
  rig.receive(2);
  assert.deepEqual(rig.out, [1, 2, 3, 4]);
  assert.equal(rig.asks[0]!.signal.aborted, true);
  assert.equal(rig.clock.pending, 0);
  assert.deepEqual(
    [rig.intake.stats.duplicates, rig.intake.stats.repaired, rig.intake.stats.repairs],
    [0, 0, 1],
  );
});

test("asks once at a time: holes that are noticed meanwhile come in the next", async () => {
  const rig = new Rig().receive(1, 3, 5, 100, 102);
  assert.deepEqual(rig.ranges, ["0:2-2"]);
  await rig.answer([2]);
  assert.deepEqual(rig.out, [1, 2, 3]);
  assert.deepEqual(rig.ranges.slice(1), ["0:4-101"]);
  await rig.answer([4, ...span(6, 99)]);
  assert.deepEqual(rig.ranges.slice(2), ["0:101-101"]);
  await rig.answer([101]);
  assert.deepEqual(rig.out, span(1, 102));
});

test("holes far from each other are not asked for together", () => {
  const rig = new Rig().receive(1, ...span(3, 50), 52);
  assert.deepEqual(rig.ranges, ["0:2-2"]);
});

test("an answer may bring a part, in any order, and more than was asked for", async () => {
  const rig = new Rig().receive(1, 10);
  await rig.answer([5, 3, 1, 10, 11, 200]);
  assert.deepEqual(rig.out, [1]);
  assert.deepEqual(rig.ranges, ["0:2-9", "0:2-9"]);
  await rig.answer([2, 4]);
  assert.deepEqual(rig.out, [1, 2, 3, 4, 5]);
  await rig.answer(span(6, 9));
  assert.deepEqual(rig.out, span(1, 10));
});

test("what is gone for good is reported once, in its place", async () => {
  const rig = new Rig();
  rig.intake.baseline({ epoch: 5, seq: 0 });
  rig.receive(1, 10);
  await rig.answer([6], [[7, 8]]);
  assert.deepEqual(rig.out, [1]);
  await rig.answer([5, 9], [[2, 4]]);
  assert.deepEqual(rig.out, [1, "gone 5:2-4", 5, 6, "gone 5:7-8", 9, 10]);
  rig.receive(3);
  assert.deepEqual([rig.intake.stats.lost, rig.intake.stats.duplicates, rig.out.length], [5, 1, 7]);
});

test("what is known to be gone is not asked for again", async () => {
  const rig = new Rig().receive(1, 10);
  await rig.answer([], [[5, 9]]);
  assert.deepEqual(rig.ranges, ["0:2-9", "0:2-4"]);
});

test("tries again while there is time, waiting longer each time", async () => {
  const rig = new Rig().receive(1, 3);
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    times.push(rig.clock.now());
    rig.asks.at(-1)!.fail();
    for (let ms = 0; ms < 2000 && rig.asks.length === i + 1; ms++) await rig.clock.advance(1);
  }
  assert.deepEqual(times, [0, 10, 30, 70, 150]);
  await rig.answer([2]);
  assert.deepEqual(rig.out, [1, 2, 3]);
  assert.equal(rig.intake.stats.failed, 5);
});

test("an answer that brings nothing of what is missing is no answer", async () => {
  const rig = new Rig().receive(1, 3);
  await rig.answer([]);
  assert.equal(rig.asks.length, 1);
  await rig.clock.advance(10);
  assert.equal(rig.asks.length, 2);
});

test("an answer that takes too long is asked for again", async () => {
  const rig = new Rig({ askMs: 100 }).receive(1, 3);
  await rig.clock.advance(110);
  assert.equal(rig.asks.length, 2);
  assert.equal(rig.asks[0]!.signal.aborted, true);
  rig.asks[0]!.answer({ events: [event(2)] });
  await settled();
  assert.deepEqual(rig.out, [1]);
  await rig.answer([2]);
  assert.deepEqual(rig.out, [1, 2, 3]);
});

test("what does not come in time is lost, and everything behind goes on", async () => {
  const rig = new Rig({ repairMs: 1000 }).receive(1, 3);
  await rig.clock.advance(500);
  rig.receive(4, 6);
  await rig.clock.advance(499);
  assert.deepEqual(rig.out, [1]);
  await rig.clock.advance(1);
  assert.deepEqual(rig.out, [1, "late 0:2-2", 3, 4]);
  rig.receive(2);
  await rig.clock.advance(500);
  assert.deepEqual(rig.out, [1, "late 0:2-2", 3, 4, "late 0:5-5", 6]);
  assert.equal(rig.clock.pending, 0);
  assert.equal(rig.intake.stats.duplicates, 1);
});

test("a long repair that goes on is not given up", async () => {
  const rig = new Rig({ repairMs: 1000 }).receive(1, 100);
  for (let seq = 2; seq < 100; seq++) {
    await rig.clock.advance(500);
    await rig.answer([seq]);
  }
  assert.deepEqual(rig.out, span(1, 100));
});

test("a gap that nothing closes is given up, whatever comes of those behind it", async () => {
  const rig = new Rig({ repairMs: 1000 }).receive(1, 4, 6, 8, 10);
  for (const seq of [5, 7, 9]) {
    await rig.clock.advance(300);
    await rig.answer([seq]);
  }
  await rig.clock.advance(100);
  assert.deepEqual(rig.out, [1, "late 0:2-3", 4, 5, 6, 7, 8, 9, 10]);
});

test("an event that finds no room is forgotten and asked for again", async () => {
  for (const limits of [{ heldEvents: 3 }, { heldBytes: 3 * event(1).frameBytes() }]) {
    const rig = new Rig(limits).receive(1, ...span(3, 20));
    assert.equal(rig.intake.stats.held, 3);
    assert.equal(rig.intake.stats.overflows, 15);
    await rig.answer([2]);
    assert.deepEqual(rig.out, span(1, 5));
    assert.deepEqual(rig.ranges, ["0:2-2", "0:6-20"]);
    await rig.answer(span(6, 20));
    assert.deepEqual(rig.out, span(1, 20));
    assert.equal(rig.intake.stats.heldBytes, 0);
  }
});

test("a tail that is missing is asked for when somebody says how far others are", async () => {
  const rig = new Rig();
  rig.intake.expect({ epoch: 5, seq: 3 });
  rig.receive(4);
  rig.intake.expect({ epoch: 5, seq: 4 });
  rig.intake.expect({ epoch: 5, seq: 2 });
  rig.intake.expect({ epoch: 5, seq: 0 });
  assert.deepEqual(rig.ranges, []);
  rig.intake.expect({ epoch: 5, seq: 6 });
  assert.deepEqual(rig.ranges, ["5:5-6"]);
  rig.receive(7);
  for (const seq of [7, 6, 5]) rig.intake.expect({ epoch: 5, seq });
  await rig.answer([5, 6]);
  assert.deepEqual(rig.out, [4, 5, 6, 7]);
  assert.equal(rig.intake.repairing, false);
});

test("the name of the epoch may come later", () => {
  const rig = new Rig().receive(3, 4);
  rig.intake.expect({ epoch: 9, seq: 4 });
  assert.deepEqual(rig.intake.position, { epoch: 9, seq: 4 });
  rig.receive(6);
  assert.deepEqual(rig.ranges, ["9:5-5"]);
});

test("a new run of rank 0 ends the one before, and is wanted from its first event on", async () => {
  const rig = new Rig();
  rig.intake.baseline({ epoch: 5, seq: 10 });
  rig.receive(12);
  rig.intake.expect({ epoch: 8, seq: 2 });
  assert.deepEqual(rig.out, ["restart 5:11-11", 12]);
  assert.equal(rig.asks[0]!.signal.aborted, true);
  rig.asks[0]!.answer({ events: [event(1)] });
  await settled();
  assert.deepEqual(rig.ranges, ["5:11-11", "8:1-2"]);
  await rig.answer([1, 2]);
  rig.receive(3);
  assert.deepEqual(rig.out, ["restart 5:11-11", 12, 1, 2, 3]);
  rig.intake.expect({ epoch: 9, seq: 0 });
  rig.receive(1);
  assert.deepEqual(rig.intake.position, { epoch: 9, seq: 1 });
});

test("a baseline forgets what was held", () => {
  const rig = new Rig().receive(1, 5);
  rig.intake.baseline({ epoch: 3, seq: 7 });
  assert.equal(rig.asks[0]!.signal.aborted, true);
  assert.deepEqual([rig.intake.stats.held, rig.intake.stats.heldBytes], [0, 0]);
  rig.receive(7, 8, 9);
  assert.deepEqual(rig.out, [1, 8, 9]);
  assert.equal(rig.clock.pending, 0);
});

test("behind number 2^32 - 1 comes 1 of the epoch after", async () => {
  const rig = new Rig();
  rig.intake.baseline({ epoch: 5, seq: LAST_SEQ - 2 });
  rig.receive(LAST_SEQ - 1, LAST_SEQ, 1, 2);
  assert.deepEqual(rig.intake.position, { epoch: 6, seq: 2 });
  rig.receive(LAST_SEQ, 1);
  assert.equal(rig.intake.stats.duplicates, 2);
  rig.intake.expect({ epoch: 5, seq: LAST_SEQ });
  rig.intake.expect({ epoch: 6, seq: 2 });
  assert.deepEqual(rig.out, [LAST_SEQ - 1, LAST_SEQ, 1, 2]);
  assert.deepEqual(rig.asks, []);
});

test("a gap over the end of an epoch is asked for in two parts, and lost in two", async () => {
  const make = (): Rig => {
    const rig = new Rig({ repairMs: 1000 });
    rig.intake.baseline({ epoch: 5, seq: LAST_SEQ - 3 });
    return rig.receive(LAST_SEQ - 2, 3);
  };
  const rig = make();
  assert.deepEqual(rig.ranges, [`5:${LAST_SEQ - 1}-${LAST_SEQ}`]);
  await rig.answer([LAST_SEQ - 1, LAST_SEQ]);
  assert.deepEqual(rig.ranges.slice(1), ["6:1-2"]);
  await rig.answer([1], [[2, 2]]);
  assert.deepEqual(rig.out, [LAST_SEQ - 2, LAST_SEQ - 1, LAST_SEQ, 1, "gone 6:2-2", 3]);
  const other = make();
  await other.clock.advance(1000);
  assert.deepEqual(other.out, [LAST_SEQ - 2, `late 5:${LAST_SEQ - 1}-${LAST_SEQ}`, "late 6:1-2", 3]);
});

test("an ask that throws is a failed one, an event without a number none at all", async () => {
  const clock = new ManualClock();
  const out: number[] = [];
  const intake = new EventIntake({
    clock,
    ask: () => {
      throw new Error("not connected");
    },
    deliver: ({ seq }) => out.push(seq),
    lost: () => out.push(-1),
  });
  for (const seq of [0, 1, 0, 3]) intake.receive(event(seq));
  await clock.advance(4000);
  assert.deepEqual(out, [1]);
  await clock.advance(1000);
  assert.deepEqual(out, [1, -1, 3]);
});

test("a stopped intake leaves nothing behind", async () => {
  const rig = new Rig().receive(1, 3);
  {
    using intake = rig.intake;
    assert(intake.repairing);
  }
  assert.equal(rig.clock.pending, 0);
  rig.receive(2, 4);
  rig.intake.expect({ epoch: 1, seq: 9 });
  await rig.answer([2]);
  assert.deepEqual([rig.out, rig.asks.length, rig.asks[0]!.signal.aborted], [[1], 1, true]);
});
