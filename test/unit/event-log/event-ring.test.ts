import assert from "node:assert/strict";
import { test } from "node:test";
import { EventRing } from "../../../src/event-log/index.ts";
import {
  decodeAll,
  decodeMessage,
  type EventPosition,
  LAST_SEQ,
  PREAMBLE_BYTES,
} from "../../../src/message/index.ts";
import { appendAt, event, seqsOf, span } from "./events.ts";

const START: EventPosition = { epoch: 7, seq: 0 };

function ringOf(count: number, limits = {}): EventRing {
  const ring = new EventRing({ after: START, limits });
  for (const seq of span(1, count)) appendAt(ring, event(seq, { bytes: 10 }), 1000 + seq);
  return ring;
}

test("gives the events behind a position, with their times", () => {
  const ring = ringOf(10);
  const batch = ring.read({ epoch: 7, seq: 6 })!;
  assert.deepEqual(seqsOf(batch), [7, 8, 9, 10]);
  assert.deepEqual([...batch.times], [1007, 1008, 1009, 1010]);
  assert.deepEqual(
    { ...batch, frames: 0, times: 0 },
    {
      epoch: 7,
      frames: 0,
      times: 0,
      count: 4,
      through: 10,
      lost: [],
      ended: false,
      unknown: false,
      next: { epoch: 7, seq: 10 },
    },
  );
  assert.equal(ring.read({ epoch: 7, seq: 10 })!.count, 0);
  assert.equal(ring.read({ epoch: 8, seq: 0 }), undefined);
});

test("keeps no more than its limits: the oldest go", () => {
  const size = event(1, { bytes: 10 }).encode().length - 1;
  for (const limits of [{ events: 3 }, { bytes: 3 * size }, { ageMs: 2 }]) {
    const ring = ringOf(10, limits);
    assert.deepEqual(ring.first, { epoch: 7, seq: 8 }, JSON.stringify(limits));
    assert.deepEqual(ring.last, { epoch: 7, seq: 10 });
    assert.deepEqual(ring.stats, { events: 3, bytes: 3 * size, taken: 10, dropped: 7, lost: 0 });
    assert.equal(ring.oldestTime, 1008);
    assert.equal(ring.covers({ epoch: 7, seq: 7 }), true);
    assert.equal(ring.covers({ epoch: 7, seq: 6 }), false);
    assert.equal(ring.read({ epoch: 7, seq: 6 }), undefined);
    assert.deepEqual(seqsOf(ring.read({ epoch: 7, seq: 7 })), [8, 9, 10]);
  }
});

test("an event too big for the ring goes at once", () => {
  const ring = ringOf(3, { bytes: 10_000 });
  appendAt(ring, event(4, { bytes: 20_000 }), 2000);
  assert.deepEqual(ring.stats, { events: 0, bytes: 0, taken: 4, dropped: 4, lost: 0 });
  assert.deepEqual(ring.first, { epoch: 7, seq: 5 });
  appendAt(ring, event(5, { bytes: 9000 }), 2000);
  assert.deepEqual(seqsOf(ring.read({ epoch: 7, seq: 4 })), [5]);
});

test("the first event of an epoch may be of any size", () => {
  for (const bytes of [10, 5000, 10_000, 16_384, 300_000]) {
    const ring = ringOf(1);
    ring.rollover(8);
    appendAt(ring, event(1, { bytes }), 2000);
    assert.deepEqual(seqsOf(ring.read({ epoch: 8, seq: 0 })), [1]);
  }
});

test("events age when none comes", () => {
  const ring = ringOf(10, { ageMs: 100 });
  ring.expire(1106);
  assert.deepEqual(ring.first, { epoch: 7, seq: 6 });
  ring.expire(9999);
  assert.deepEqual(ring.first, { epoch: 7, seq: 11 });
  assert.equal(ring.oldestTime, Number.POSITIVE_INFINITY);
});

test("a clock that is set back leaves the times in order", () => {
  const ring = new EventRing({ after: START });
  for (const [i, time] of [50, 40, 60, 10].entries()) appendAt(ring, event(i + 1), time);
  assert.deepEqual([...ring.read(START)!.times], [50, 50, 60, 60]);
  assert.deepEqual(ring.positionAt(51), { epoch: 7, seq: 2 });
});

test("what never came is lost, and filtered events are not", () => {
  const ring = ringOf(3);
  ring.lose({ epoch: 7, first: 4, last: 5 });
  ring.lose({ epoch: 7, first: 6, last: 6 });
  appendAt(ring, event(9), 2000);
  ring.lose({ epoch: 7, first: 10, last: 12 });
  const batch = ring.read({ epoch: 7, seq: 4 }, { prefix: "other" })!;
  assert.equal(batch.count, 0);
  assert.equal(batch.through, 12);
  assert.deepEqual(batch.lost, [
    [5, 8],
    [10, 12],
  ]);
  assert.deepEqual(ring.read(START, { through: 5 })!.lost, [[4, 5]]);
  assert.equal(ring.stats.lost, 8);
  assert.throws(() => ring.lose({ epoch: 7, first: 12, last: 12 }), { code: "EINVAL" });
  assert.throws(() => appendAt(ring, event(12), 2000), { code: "EINVAL" });
  assert.throws(() => appendAt(ring, event(0), 2000), { code: "EINVAL" });
});

test("private events go to who may see them, and are no loss", () => {
  const ring = new EventRing({ after: START });
  for (const seq of span(1, 6)) appendAt(ring, event(seq, { secret: seq % 2 === 0 }), 0);
  const seen: number[][] = [];
  const see = (...sender: number[]): boolean => {
    seen.push(sender);
    return false;
  };
  const batch = ring.read(START, { see })!;
  assert.deepEqual(seqsOf(batch), [1, 3, 5]);
  assert.deepEqual([batch.through, batch.lost], [6, []]);
  assert.equal(seen.length, 3);
  assert.deepEqual(seen[0]!.toSpliced(1, 1), [1000, 1]);
  assert.deepEqual(seqsOf(ring.read(START, { see: () => true })), span(1, 6));
  assert.deepEqual(seqsOf(ring.read(START)), span(1, 6));
});

test("a batch has limits, and reading on behind it gives the rest", () => {
  const ring = ringOf(5000);
  const size = event(1, { bytes: 10 }).encode().length - 1;
  assert.deepEqual(seqsOf(ring.read(START, { maxEvents: 3 })), [1, 2, 3]);
  assert.deepEqual(seqsOf(ring.read(START, { maxBytes: 3 * size })), [1, 2, 3]);
  assert.deepEqual(seqsOf(ring.read(START, { maxBytes: 1 })), [1]);
  assert.deepEqual(seqsOf(ring.read(START, { maxBytes: 1, prefix: "test" })), [1]);
  const scanned = ring.read(START, { prefix: "other", maxScanned: 100 })!;
  assert.deepEqual([scanned.count, scanned.through], [0, 100]);
  for (const prefix of ["", "test."]) {
    const all: number[] = [];
    let after = START;
    for (let i = 0; i < 100 && after.seq < 5000; i++) {
      const batch = ring.read(after, { prefix, maxBytes: 10_000, maxScanned: 777 })!;
      all.push(...seqsOf(batch));
      after = batch.next;
    }
    assert.deepEqual(all, span(1, 5000));
  }
});

test("number 1 behind the last of 32 bits begins the epoch after", () => {
  const ring = new EventRing({ after: { epoch: 7, seq: LAST_SEQ - 2 } });
  for (const seq of [LAST_SEQ - 1, LAST_SEQ, 1, 2]) appendAt(ring, event(seq), 0);
  assert.deepEqual(ring.last, { epoch: 8, seq: 2 });
  const first = ring.read({ epoch: 7, seq: LAST_SEQ - 2 })!;
  assert.deepEqual(
    [seqsOf(first), first.ended, first.next],
    [[LAST_SEQ - 1, LAST_SEQ], true, { epoch: 8, seq: 0 }],
  );
  const second = ring.read(first.next)!;
  assert.deepEqual([seqsOf(second), second.ended, second.epoch], [[1, 2], false, 8]);
  assert.equal(ring.read({ epoch: 7, seq: LAST_SEQ })!.ended, true);
  assert.equal(ring.epochOf(LAST_SEQ), 7);
  ring.restart({ epoch: 60, seq: 5 });
  assert.equal(ring.epochOf(LAST_SEQ), 60);
});

test("a loss may begin an epoch, and a new run of rank 0 does", () => {
  const ring = ringOf(3);
  ring.lose({ epoch: 9, first: 1, last: 4 });
  ring.rollover(12);
  appendAt(ring, event(1), 0);
  assert.deepEqual(
    [ring.read({ epoch: 7, seq: 1 })!.next, ring.read({ epoch: 9, seq: 0 })!.next],
    [
      { epoch: 9, seq: 0 },
      { epoch: 12, seq: 0 },
    ],
  );
  assert.deepEqual(ring.read({ epoch: 9, seq: 0 })!.lost, [[1, 4]]);
  assert.deepEqual(seqsOf(ring.read({ epoch: 12, seq: 0 })), [1]);
  assert.throws(() => ring.rollover(12), { code: "EINVAL" });
});

test("epochs whose numbers are the same are kept apart", () => {
  const ring = ringOf(300);
  ring.rollover(9);
  for (const seq of span(1, 400)) appendAt(ring, event(seq), 5000);
  const batch = ring.read({ epoch: 7, seq: 100 })!;
  assert.deepEqual([seqsOf(batch), batch.through, batch.ended], [span(101, 300), 300, true]);
  assert.deepEqual(seqsOf(ring.read({ epoch: 7, seq: 100 }, { prefix: "test" })), span(101, 300));
  assert.deepEqual(seqsOf(ring.read({ epoch: 9, seq: 390 })), span(391, 400));
});

test("old epochs go with their last event", () => {
  const ring = ringOf(3, { events: 2 });
  ring.rollover(9);
  assert.deepEqual(ring.first, { epoch: 7, seq: 2 });
  for (const seq of [1, 2]) appendAt(ring, event(seq), 5000);
  assert.deepEqual(ring.first, { epoch: 7, seq: 4 });
  assert.equal(ring.read({ epoch: 7, seq: 3 })!.ended, true);
  appendAt(ring, event(3), 5000);
  assert.deepEqual(ring.first, { epoch: 9, seq: 2 });
  assert.equal(ring.covers({ epoch: 7, seq: 3 }), false);
});

test("begins with what comes first, and may learn the name of its epoch later", () => {
  const ring = new EventRing();
  appendAt(ring, event(100), 0);
  appendAt(ring, event(102), 0);
  assert.equal(ring.epoch, 0);
  ring.rollover(55);
  appendAt(ring, event(103), 0);
  const batch = ring.read({ epoch: 55, seq: 99 })!;
  assert.deepEqual([seqsOf(batch), batch.lost], [[100, 102, 103], [[101, 101]]]);
  assert.equal(ring.covers({ epoch: 55, seq: 98 }), false);
  ring.restart({ epoch: 60, seq: 5 });
  appendAt(ring, event(6), 0);
  assert.deepEqual(
    [ring.first, ring.last, ring.stats.events],
    [{ epoch: 60, seq: 6 }, { epoch: 60, seq: 6 }, 1],
  );
});

test("an event without a number is refused, also by a ring that may begin anywhere", () => {
  const ring = new EventRing();
  assert.throws(() => ring.append(event(0)), { code: "EINVAL" });
  appendAt(ring, event(500), 0);
  assert.deepEqual([ring.first, ring.stats.lost], [{ epoch: 0, seq: 500 }, 0]);
});

test("a ring of any size opens chunks as seldom", () => {
  for (const bytes of [2 ** 24, 2 ** 32, Number.POSITIVE_INFINITY]) {
    let turns = 0;
    const ring = new EventRing({ after: START, limits: { bytes }, leaving: () => turns++ });
    for (const seq of span(1, 3000)) appendAt(ring, event(seq, { bytes: 1000 }), 0);
    assert(turns < 25, `${turns} turns with ${bytes} bytes`);
  }
});

test("a time means the events from then on", () => {
  const ring = ringOf(3000);
  assert.deepEqual(ring.positionAt(0), START);
  assert.deepEqual(ring.positionAt(1500), { epoch: 7, seq: 499 });
  assert.deepEqual(ring.positionAt(1500.5), { epoch: 7, seq: 500 });
  assert.deepEqual(ring.positionAt(99_999), { epoch: 7, seq: 3000 });
});

test("what was read stays as it is when the ring goes on", () => {
  const ring = ringOf(100, { bytes: 10_000 });
  const before = ring.read(ring.first)!;
  const copy = before.frames.slice();
  for (const seq of span(101, 1000)) appendAt(ring, event(seq, { bytes: 30 }), 5000);
  assert.deepEqual(before.frames, copy);
});

test("a large event comes back as it was, alone in its memory or not", () => {
  const ring = new EventRing({ after: START });
  const payload = (seq: number) => Uint8Array.from({ length: 20_000 }, (_, at) => (at * seq) & 0xff);
  for (const seq of span(1, 6)) {
    const whole = event(seq, { secret: seq % 3 === 0 });
    whole.edit({ payload: payload(seq) });
    // As it came over a socket, with and without much else in the same memory.
    const around = new Uint8Array(seq === 2 ? 1_000_000 : 21_000);
    const frame = whole.encode();
    around.set(frame);
    appendAt(ring, seq === 1 ? whole : decodeMessage(around, PREAMBLE_BYTES, frame.length), seq);
    if (seq === 2) around.fill(0);
  }
  for (const see of [undefined, () => false]) {
    const events = decodeAll(ring.read(START, { see, maxBytes: 1_000_000 })!.frames);
    const wanted = span(1, 6).filter((seq) => see === undefined || seq % 3 !== 0);
    assert.deepEqual(
      events.map(({ seq }) => seq),
      wanted,
    );
    for (const { seq, payload: read } of events) assert.deepEqual(read, payload(seq));
  }
});

test("small and large events in turn take little more memory than they have bytes", () => {
  const bytes = 16 * 1024 * 1024;
  const ring = new EventRing({ after: START, limits: { bytes } });
  const before = process.memoryUsage().arrayBuffers;
  let kept = 0;
  for (const seq of span(1, 1200)) {
    appendAt(ring, event(seq, { bytes: seq % 2 === 0 ? 20 : 20_000 }), seq);
    kept = Math.max(kept, ring.stats.bytes);
  }
  assert(kept <= bytes && kept > bytes / 2);
  const taken = process.memoryUsage().arrayBuffers - before;
  assert(taken < 2 * kept, `${taken} bytes for ${kept}`);
});

test("an event that gets no memory is lost", (t) => {
  const ring = new EventRing({ after: START });
  appendAt(ring, event(1), 0);
  const around = new Uint8Array(200_000);
  const frame = event(2, { bytes: 20_000 }).encode();
  around.set(frame);
  const large = decodeMessage(around, PREAMBLE_BYTES, frame.length);
  const small = event(3, { bytes: 5000 });
  t.mock.method(Buffer, "allocUnsafeSlow", () => {
    throw new RangeError("no memory");
  });
  for (const refused of [large, small]) assert.throws(() => appendAt(ring, refused, 0), { code: "ENOMEM" });
  t.mock.restoreAll();
  appendAt(ring, event(4), 0);
  const batch = ring.read(START)!;
  assert.deepEqual([seqsOf(batch), batch.lost], [[1, 4], [[2, 3]]]);
});
