import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { test } from "node:test";
import fc from "fast-check";
import { type DiskLog, EventHistory, EventRing } from "../../../src/event-log/index.ts";
import { LAST_SEQ } from "../../../src/message/index.ts";
import { rejects } from "../../helpers/rejects.ts";
import { DiskFolder, readAll, told } from "./disk-folder.ts";
import { appendAt, event, seqsOf, span } from "./events.ts";

/** A ring of few events, and a log. */
function pair(
  log: DiskLog,
  events: number,
): { ring: EventRing; history: EventHistory; append: (last: number) => void } {
  const ring = new EventRing({ after: log.last, limits: { events } });
  const append = (last: number): void => {
    for (const seq of span(ring.last.seq + 1, last)) {
      appendAt(ring, event(seq), 1000 + seq);
      log.append(event(seq), 1000 + seq);
    }
  };
  return { ring, history: new EventHistory(ring, log), append };
}

test("waits for an epoch that the ring has forgotten and the disk is about to write", async () => {
  await using folder = await DiskFolder.make();
  await using log = await folder.open({ after: { epoch: 7, seq: LAST_SEQ - 1 }, gatherMs: 1_000_000 });
  const ring = new EventRing({ after: log.last, limits: { events: 1 } });
  for (const seq of [LAST_SEQ, 1, 2, 3]) {
    appendAt(ring, event(seq), 1000);
    log.append(event(seq), 1000);
  }
  const batch = await new EventHistory(ring, log).read({ epoch: 8, seq: 0 });
  assert.deepEqual([seqsOf(batch), batch.lost], [[1, 2, 3], []]);
});

test("reads from the disk what the ring has forgotten, then from the ring, with no seam", async () => {
  await using folder = await DiskFolder.make();
  await using log = await folder.open();
  const { history, append } = pair(log, 10);
  const { epoch } = log;
  append(1000);
  assert.deepEqual(
    await readAll((at) => history.read(at, { maxEvents: 7 }), { epoch, seq: 0 }),
    told(epoch, 1, 1000),
  );
  const recent = history.read({ epoch, seq: 995 });
  assert(!(recent instanceof Promise), "what the ring has comes at once");
  assert.deepEqual(seqsOf(recent), span(996, 1000));
  assert(history.read({ epoch, seq: 900 }) instanceof Promise);
  assert.deepEqual(
    [history.first, history.last],
    [
      { epoch, seq: 1 },
      { epoch, seq: 1000 },
    ],
  );
  assert.equal(history.covers({ epoch, seq: 0 }), true);
});

test("goes through earlier runs", async () => {
  await using folder = await DiskFolder.make();
  const epochs: number[] = [];
  for (const count of [20, 30]) {
    await using log = await folder.open();
    pair(log, 5).append(count);
    epochs.push(log.epoch);
  }
  await using log = await folder.open();
  const { history, append } = pair(log, 5);
  append(10);
  const all = [...told(epochs[0]!, 1, 20), ...told(epochs[1]!, 1, 30), ...told(log.epoch, 1, 10)];
  assert.deepEqual(await readAll((at) => history.read(at), await history.resolve("begin")), all);
  assert.deepEqual(await readAll((at) => history.read(at), { epoch: epochs[1]!, seq: 28 }), all.slice(48));
  assert.deepEqual(await readAll((at) => history.read(at), { epoch: 5, seq: 3 }), ["unknown 5:3", ...all]);
});

test("knows where to begin", async () => {
  await using folder = await DiskFolder.make();
  await using log = await folder.open();
  const { history, append } = pair(log, 10);
  append(100);
  const { epoch } = log;
  assert.deepEqual(await history.resolve("begin"), { epoch, seq: 0 });
  assert.deepEqual(history.resolve("now"), { epoch, seq: 100 });
  assert.deepEqual(history.resolve({ seq: 40 }), { epoch, seq: 40 });
  assert.deepEqual(history.resolve({ epoch: 3, seq: 40 }), { epoch: 3, seq: 40 });
  assert.deepEqual(history.resolve({ time: 1099 }), { epoch, seq: 98 });
  assert.deepEqual(await history.resolve({ time: 1040.5 }), { epoch, seq: 40 });
  assert.deepEqual(await history.resolve({ time: 0 }), { epoch, seq: 0 });
  assert.deepEqual(history.resolve({ time: 9999 }), { epoch, seq: 100 });
  assert.throws(() => history.resolve({ seq: 101 }), { code: "EINVAL" });
  assert.throws(() => history.resolve({ epoch, seq: 101 }), { code: "EINVAL" });
  assert.throws(() => history.resolve({ epoch: epoch + 1, seq: 0 }), { code: "EINVAL" });
});

test("without a disk, what the ring has forgotten is lost", async () => {
  const ring = new EventRing({ after: { epoch: 7, seq: 0 }, limits: { events: 5 } });
  const history = new EventHistory(ring);
  for (const seq of span(1, 20)) appendAt(ring, event(seq), 1000 + seq);
  const from = (epoch: number, seq: number): Promise<string[]> =>
    readAll((at) => history.read(at), { epoch, seq });
  assert.deepEqual(await from(7, 3), ["lost 7:4-15", ...told(7, 16, 20)]);
  assert.deepEqual(await from(7, 15), told(7, 16, 20));
  assert.deepEqual(await from(5, 3), ["unknown 5:3", "lost 7:1-15", ...told(7, 16, 20)]);
  assert.deepEqual(await history.resolve("begin"), { epoch: 7, seq: 15 });
  assert.deepEqual(history.resolve({ time: 1 }), { epoch: 7, seq: 15 });
  assert.deepEqual(
    [history.covers({ epoch: 7, seq: 15 }), history.covers({ epoch: 7, seq: 14 })],
    [true, false],
  );
  const part = await history.read({ epoch: 7, seq: 3 }, { through: 6 });
  assert.deepEqual([part.through, part.lost], [6, [[4, 6]]]);
  assert.throws(() => history.read({ epoch: 8, seq: 0 }), { code: "EINVAL" });
});

test("what neither ring nor disk has is lost, also when the disk failed", async () => {
  await using folder = await DiskFolder.make();
  await using log = await folder.open({ segmentBytes: 4096 });
  const { epoch } = log;
  const { history, append } = pair(log, 10);
  append(50);
  await log.flushed();
  const blocked = `${folder.path}/${String(epoch).padStart(16, "0")}-0000000051.events`;
  await mkdir(blocked);
  append(100);
  await rejects(log.flushed(), "EEXIST");
  assert.deepEqual(await readAll((at) => history.read(at), { epoch, seq: 40 }), [
    ...told(epoch, 41, 50),
    `lost ${epoch}:51-90`,
    ...told(epoch, 91, 100),
  ]);
});

test("goes over the end of the 32 bits", async () => {
  await using folder = await DiskFolder.make();
  await using log = await folder.open();
  const { epoch } = log;
  const ring = new EventRing({ after: { epoch, seq: LAST_SEQ - 50 }, limits: { events: 10 } });
  const history = new EventHistory(ring, log);
  for (const seq of [...span(LAST_SEQ - 49, LAST_SEQ), ...span(1, 50)]) {
    appendAt(ring, event(seq), 0);
    log.append(event(seq), 0);
  }
  assert.deepEqual(await readAll((at) => history.read(at), { epoch, seq: LAST_SEQ - 50 }), [
    ...told(epoch, LAST_SEQ - 49, LAST_SEQ),
    ...told(epoch + 1, 1, 50),
  ]);
  assert.deepEqual(history.last, { epoch: epoch + 1, seq: 50 });
});

test("whatever the limits and wherever it begins, a follower sees each event once", async () => {
  const anyRun = fc.record({
    ring: fc.integer({ min: 1, max: 60 }),
    segmentBytes: fc.constantFrom(1, 3000, 1_000_000),
    counts: fc.array(fc.nat(60), { minLength: 1, maxLength: 8 }),
    maxEvents: fc.constantFrom(1, 5, 1000),
    start: fc.nat(100),
    flush: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(anyRun, async ({ ring, segmentBytes, counts, maxEvents, start, flush }) => {
      await using folder = await DiskFolder.make();
      await using log = await folder.open({ segmentBytes });
      const { history, append } = pair(log, ring);
      let at = { epoch: log.epoch, seq: start };
      const seen: number[] = [];
      let last = 0;
      for (const count of counts) {
        last += count;
        append(last);
        if (flush) await log.flushed();
        const batch = await history.read(at, { maxEvents });
        seen.push(...seqsOf(batch));
        assert.deepEqual([batch.lost, batch.ended], [[], false]);
        at = { ...batch.next };
      }
      const rest = await readAll((from) => history.read(from, { maxEvents }), at);
      assert.deepEqual(
        [...told(log.epoch, start + 1, at.seq), ...rest],
        told(log.epoch, start + 1, Math.max(last, at.seq)),
      );
      assert.deepEqual(seen, span(start + 1, Math.min(at.seq, last)));
    }),
    { numRuns: 30 },
  );
});
