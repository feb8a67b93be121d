import assert from "node:assert/strict";
import { test } from "node:test";
import { EventRing } from "../../../src/event-log/index.ts";
import { type EventPosition, LAST_SEQ } from "../../../src/message/index.ts";
import { EventLog } from "../../../src/replay/index.ts";
import { appendAt, event, seqsOf, span } from "../event-log/events.ts";
import { ManualClock } from "../event-log/manual-clock.ts";

const EPOCH = 1_700_000_000_000;

/** The log of a rank above 0, which others tell the epoch, if they do; and what it asked them for. */
function logOf(rank: number, after?: EventPosition): { log: EventLog; asked: EventPosition[] } {
  const log = new EventLog({ rank, after, clock: new ManualClock(), schedule: (call) => call() });
  const asked: EventPosition[] = [];
  if (rank > 0)
    log.older = {
      resolve: async () => ({ epoch: EPOCH, seq: 7 }),
      read: async (position, options) => {
        asked.push(position);
        const ring = new EventRing({ after: { epoch: EPOCH, seq: 0 } });
        for (const seq of span(1, 9)) appendAt(ring, event(seq), 0);
        return ring.read(position, options)!;
      },
    };
  return { log, asked };
}

test("numbers that are left out behind the first events are lost, and the events before stay", () => {
  const ring = new EventRing();
  assert.equal(ring.isAnywhere, true);
  for (const seq of [1, 2, 3, 6]) appendAt(ring, event(seq), 0);
  assert.equal(ring.isAnywhere, false);
  const batch = ring.read({ epoch: 0, seq: 0 });
  assert.deepEqual(seqsOf(batch), [1, 2, 3, 6]);
  assert.deepEqual(batch?.lost, [[4, 5]]);
});

test("the end of 32 bits among lost events of an epoch without a name", () => {
  const ring = new EventRing({ after: { epoch: 0, seq: LAST_SEQ - 2 } });
  ring.lose({ epoch: 0, first: LAST_SEQ - 1, last: LAST_SEQ });
  ring.lose({ epoch: 0, first: 1, last: 2 });
  appendAt(ring, event(3), 0);
  assert.deepEqual(ring.last, { epoch: 0, seq: 3 });
});

test("who learns the epoch late gives it to the events that came before, on the right side of the end of 32 bits", () => {
  const cases: [came: number, known: EventPosition, named: EventPosition][] = [
    [5, { epoch: EPOCH, seq: 5 }, { epoch: EPOCH, seq: 5 }],
    [5, { epoch: EPOCH, seq: 9 }, { epoch: EPOCH, seq: 5 }],
    [2, { epoch: EPOCH, seq: LAST_SEQ - 3 }, { epoch: EPOCH + 1, seq: 2 }],
    [LAST_SEQ - 1, { epoch: EPOCH + 1, seq: 3 }, { epoch: EPOCH, seq: LAST_SEQ - 1 }],
  ];
  for (const [came, known, named] of cases) {
    const { log } = logOf(1);
    log.append(event(came));
    log.begin(known);
    assert.deepEqual(log.last, named);
  }
});

test("who has got nothing yet begins where the others are, and stays there when they move on", () => {
  const { log } = logOf(1);
  log.begin({ epoch: 0, seq: 4 });
  assert.deepEqual(log.last, { epoch: 0, seq: 4 });
  log.begin({ epoch: EPOCH, seq: 6 });
  assert.deepEqual(log.last, { epoch: EPOCH, seq: 4 });
});

test("a number alone is one of the epoch before when that came to its end, and it is near that end", async () => {
  const { log } = logOf(0, { epoch: EPOCH, seq: LAST_SEQ - 2 });
  for (const seq of [LAST_SEQ - 1, LAST_SEQ, 1, 2]) log.append(event(seq));
  assert.deepEqual(await log.resolve({ seq: LAST_SEQ - 1 }), { epoch: EPOCH, seq: LAST_SEQ - 1 });
  assert.deepEqual(await log.resolve({ epoch: 0, seq: LAST_SEQ }), { epoch: EPOCH, seq: LAST_SEQ });
  assert.deepEqual(await log.resolve({ seq: 2 }), { epoch: EPOCH + 1, seq: 2 });
  await assert.rejects(async () => log.resolve({ seq: 3 }), { code: "EINVAL" });
  const fresh = logOf(0, { epoch: EPOCH, seq: 0 }).log;
  await assert.rejects(async () => fresh.resolve({ seq: LAST_SEQ - 1 }), { code: "EINVAL" });
});

test("as long as the epoch is not known, others are asked what comes behind a position of one", async () => {
  const { log, asked } = logOf(1);
  log.append(event(9));
  const batch = await log.read({ epoch: EPOCH, seq: 7 }, {});
  assert.deepEqual(seqsOf(batch), [8, 9]);
  assert.deepEqual(asked, [{ epoch: EPOCH, seq: 7 }]);
});

test("behind a position of an epoch that has not come here yet there is nothing, and nobody is asked", async () => {
  const { log, asked } = logOf(1);
  log.begin({ epoch: EPOCH, seq: LAST_SEQ - 1 });
  const batch = await log.read({ epoch: EPOCH + 1, seq: 11 }, {});
  assert.deepEqual([batch.count, batch.next, batch.ended], [0, { epoch: EPOCH + 1, seq: 11 }, false]);
  assert.deepEqual(asked, []);
});

test("when the last event of an epoch has gone, the oldest is the first of the next", () => {
  const after = { epoch: EPOCH, seq: LAST_SEQ - 2 };
  const log = new EventLog({ rank: 0, after, ring: { events: 2 }, schedule: (call) => call() });
  for (const seq of [LAST_SEQ - 1, LAST_SEQ, 1, 2]) log.append(event(seq));
  assert.deepEqual(log.stat()["first"], { epoch: EPOCH + 1, seq: 1 });
});
