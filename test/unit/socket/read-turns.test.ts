import assert from "node:assert/strict";
import { test } from "node:test";
import { ReadTurns, type TurnReader } from "../../../src/socket/read-turns.ts";

/** Turns whose clock and event loop are the test's. */
class Rig {
  time = 0;
  readonly done: string[] = [];
  readonly turns = new ReadTurns({
    budgetMs: 10,
    now: () => this.time,
    nextTurn: (run) => void this.#next.push(run),
  });
  #next: (() => void)[] = [];

  /** A reader whose chunks take as many milliseconds as their first byte says. */
  reader(name: string): TurnReader & { paused: boolean } {
    const reader = {
      paused: false,
      handle: (chunk: Uint8Array) => {
        this.time += chunk[0]!;
        this.done.push(`${name}${chunk[0]}`);
      },
      pause: () => {
        reader.paused = true;
      },
      resume: () => {
        reader.paused = false;
      },
    };
    return reader;
  }

  get armed(): boolean {
    return this.#next.length > 0;
  }

  endTurn(): void {
    for (const run of this.#next.splice(0)) run();
  }
}

test("readers within the budget are handled at once, one beyond it in the next turn", () => {
  const rig = new Rig();
  const [a, b, c] = ["a", "b", "c"].map((name) => rig.reader(name));
  rig.turns.take(a!, Uint8Array.of(4));
  rig.turns.take(b!, Uint8Array.of(30));
  rig.turns.take(c!, Uint8Array.of(1));
  assert.deepEqual(rig.done, ["a4", "b30"]);
  assert.deepEqual([a!.paused, b!.paused, c!.paused], [false, false, true]);
  rig.endTurn();
  assert.deepEqual(rig.done, ["a4", "b30", "c1"]);
  assert.equal(c!.paused, false);
});

test("those that wait come in order, before those that are ready now, and a budget's worth a turn", () => {
  const rig = new Rig();
  const readers = ["a", "b", "c", "d"].map((name) => rig.reader(name));
  rig.turns.take(readers[0]!, Uint8Array.of(10));
  for (const reader of readers.slice(1)) rig.turns.take(reader, Uint8Array.of(6));
  rig.endTurn();
  rig.turns.take(readers[0]!, Uint8Array.of(1));
  assert.deepEqual(rig.done, ["a10", "b6", "c6"]);
  rig.endTurn();
  assert.deepEqual(rig.done, ["a10", "b6", "c6", "d6", "a1"]);
});

test("bytes that wait are a copy, for what was read is lent", () => {
  const rig = new Rig();
  const reader = rig.reader("a");
  const chunk = Uint8Array.of(10);
  rig.turns.take(rig.reader("x"), chunk);
  chunk[0] = 7;
  rig.turns.take(reader, chunk);
  chunk[0] = 99;
  rig.endTurn();
  assert.deepEqual(rig.done, ["x10", "a7"]);
});

test("a reader that ends takes its bytes with it", () => {
  const rig = new Rig();
  const reader = rig.reader("a");
  rig.turns.take(rig.reader("x"), Uint8Array.of(10));
  rig.turns.take(reader, Uint8Array.of(3));
  assert.deepEqual(rig.turns.withdraw(reader), Uint8Array.of(3));
  assert.equal(rig.turns.withdraw(reader), undefined);
  rig.endTurn();
  assert.deepEqual(rig.done, ["x10"]);
});

test("a reader that throws costs its time, and those behind it go on", () => {
  const rig = new Rig();
  const bad = { ...rig.reader("bad"), handle: () => assert.fail("of the reader") };
  assert.throws(() => rig.turns.take(bad, Uint8Array.of(1)), /of the reader/);
  rig.turns.take(rig.reader("a"), Uint8Array.of(2));
  assert.deepEqual(rig.done, ["a2"]);
});

test("nothing is scheduled while nobody reads", () => {
  const rig = new Rig();
  assert.equal(rig.armed, false);
  rig.turns.take(rig.reader("a"), Uint8Array.of(1));
  rig.endTurn();
  assert.equal(rig.armed, false);
});
