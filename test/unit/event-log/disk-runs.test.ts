import assert from "node:assert/strict";
import { test } from "node:test";
import type { DiskLog } from "../../../src/event-log/disk-log.ts";
import { DiskFolder, fill, readAll, told } from "./disk-folder.ts";
import { event } from "./events.ts";

/** Leaves the folder as kill -9 of its process would: the files as they are now. */
async function crash(folder: DiskFolder, log: DiskLog): Promise<void> {
  const files = await Promise.all(
    (await folder.segments()).map(async (name) => [name, await folder.read(name)] as const),
  );
  await log.close();
  for (const [name, bytes] of files) await folder.write(name, bytes);
}

test("whether a run that ended in order had more events is known, of one that did not it is not", async () => {
  await using folder = await DiskFolder.make();
  const first = await folder.open();
  await fill(first, 1, 2);
  await first.close();
  const second = await folder.open();
  await fill(second, 1, 3);
  await crash(folder, second);
  const third = await folder.open();
  // Nobody knows of this one whether it had any.
  await crash(folder, third);
  const fourth = await folder.open();
  await fourth.close();
  const [a, b, c] = [first.epoch, second.epoch, third.epoch];
  for (let opening = 0; opening < 2; opening++) {
    await using log = await folder.open();
    const all = await readAll((at) => log.read(at), { epoch: a, seq: 0 });
    assert.deepEqual(all, [...told(a, 1, 2), ...told(b, 1, 3), `unknown ${b}:3`, `unknown ${c}:0`]);
    // Who was there when it happened may have seen more than the log has.
    const ahead = await readAll((at) => log.read(at), { epoch: b, seq: 9 });
    assert.deepEqual(ahead, [`unknown ${b}:9`, `unknown ${c}:0`]);
  }
});

test("runs without events go when there is nothing before them", async () => {
  await using folder = await DiskFolder.make();
  for (let run = 0; run < 3; run++) await crash(folder, await folder.open());
  await using log = await folder.open();
  assert.equal(log.stats.segments, 1);
  assert.deepEqual(log.first, { epoch: log.epoch, seq: 1 });
});

test("events at the end that did not get into the log are missed", async () => {
  await using folder = await DiskFolder.make();
  const log = await folder.open({ maxPendingBytes: 2000 });
  await fill(log, 1, 2, 10);
  log.append(event(3, { bytes: 1500 }), 3);
  log.append(event(4, { bytes: 1500 }), 4);
  await log.close();
  await using next = await folder.open();
  const all = await readAll((at) => next.read(at), { epoch: log.epoch, seq: 0 });
  assert.deepEqual(all, [...told(log.epoch, 1, 3), `unknown ${log.epoch}:3`]);
});

test("a run that began elsewhere goes on where it is, and what passed meanwhile is lost", async () => {
  await using folder = await DiskFolder.make();
  const epoch = 5_000_000;
  const first = await folder.open({ after: { epoch, seq: 10 } });
  assert.deepEqual([first.epoch, first.last], [epoch, { epoch, seq: 10 }]);
  await fill(first, 11, 13);
  await first.close();
  const second = await folder.open({ after: { epoch, seq: 17 } });
  assert.deepEqual(second.last, { epoch, seq: 13 }, "the last it has");
  await fill(second, 18, 19);
  const expected = [...told(epoch, 11, 13), `lost ${epoch}:14-17`, ...told(epoch, 18, 19)];
  assert.deepEqual(await readAll((at) => second.read(at), { epoch, seq: 10 }), expected);
  await second.close();
  const later = epoch + 5000;
  await using third = await folder.open({ after: { epoch: later, seq: 2 } });
  await fill(third, 3, 3);
  const all = await readAll((at) => third.read(at), { epoch, seq: 10 });
  // The run may have gone on behind the end of its log.
  assert.deepEqual(all, [...expected, `unknown ${epoch}:19`, `lost ${later}:1-2`, `${later}:3`]);
});

test("a run with an epoch that can't be that of the folder gets another", async () => {
  await using folder = await DiskFolder.make();
  const epoch = 5_000_000;
  // One that nothing came to takes the place of another.
  await (await folder.open({ after: { epoch, seq: 0 } })).close();
  const first = await folder.open({ after: { epoch, seq: 0 } });
  await fill(first, 1, 9);
  await first.close();
  for (const after of [
    { epoch, seq: 4 },
    { epoch: epoch - 1, seq: 20 },
  ]) {
    await using log = await folder.open({ after });
    assert(log.epoch > epoch);
    assert.deepEqual(log.last, { epoch: log.epoch, seq: after.seq });
  }
});
