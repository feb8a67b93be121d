import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { EventRing } from "../../../src/event-log/index.ts";
import { LAST_SEQ } from "../../../src/message/index.ts";
import { rejects } from "../../helpers/rejects.ts";
import { until } from "../../helpers/until.ts";
import { DiskFolder, fill, readAll, told } from "./disk-folder.ts";
import { appendAt, event, seqsOf, span } from "./events.ts";

const BEGIN = { epoch: 0, seq: 0 };

test("what was flushed is read again, in this run and in the next", async () => {
  await using folder = await DiskFolder.make();
  const log = await folder.open();
  assert.equal(log.epoch, 1_000_000);
  await fill(log, 1, 1000);
  assert.deepEqual(
    await readAll((at) => log.read(at), { epoch: log.epoch, seq: 0 }),
    told(log.epoch, 1, 1000),
  );
  const batch = await log.read({ epoch: log.epoch, seq: 997 });
  assert.deepEqual(
    [seqsOf(batch), [...batch.times], batch.through],
    [[998, 999, 1000], [998, 999, 1000], 1000],
  );
  await log.close();
  await using next = await folder.open();
  assert.equal(next.epoch, 1_000_001, "an epoch is above those before, whatever the clock says");
  assert.deepEqual(
    await readAll((at) => next.read(at), { epoch: log.epoch, seq: 990 }),
    told(log.epoch, 991, 1000),
  );
  assert.deepEqual(next.first, { epoch: log.epoch, seq: 1 });
  assert.deepEqual(folder.notices, []);
});

test("a log is the same whether it writes events itself or copies what a ring has written", async () => {
  const files: Uint8Array[] = [];
  for (const copies of [false, true]) {
    await using folder = await DiskFolder.make();
    await using log = await folder.open({ random: () => 77 });
    const ring = new EventRing({ after: log.last });
    for (const seq of span(1, 300)) {
      const one = event(seq, { bytes: (seq * 97) % 700, secret: seq % 5 === 0 });
      const where = appendAt(ring, one, seq);
      log.append(one, seq, copies ? where : undefined);
    }
    await log.close();
    const [name] = await folder.segments();
    files.push(await folder.read(name!));
    await using next = await folder.open();
    assert.deepEqual(
      await readAll((at) => next.read(at), { epoch: log.epoch, seq: 0 }),
      told(log.epoch, 1, 300),
    );
  }
  assert.deepEqual(files[0], files[1]);
});

test("each run is an epoch: reading goes from one to the next", async () => {
  await using folder = await DiskFolder.make();
  for (const count of [3, 0, 2]) {
    folder.now += 1000;
    await using log = await folder.open();
    await fill(log, 1, count);
  }
  folder.now += 1000;
  await using log = await folder.open();
  await fill(log, 1, 1);
  const all = [...told(1_001_000, 1, 3), ...told(1_003_000, 1, 2), "1004000:1"];
  assert.deepEqual(await readAll((at) => log.read(at), { epoch: 1_001_000, seq: 0 }), all);
  assert.deepEqual(await readAll((at) => log.read(at), BEGIN), ["unknown 0:0", ...all]);
  assert.deepEqual(await readAll((at) => log.read(at), { epoch: 1_002_000, seq: 7 }), [
    "unknown 1002000:7",
    ...all.slice(3),
  ]);
  assert.deepEqual(await readAll((at) => log.read(at), { epoch: 1_001_000, seq: 9 }), all.slice(3));
  await rejects(log.read({ epoch: 1_004_001, seq: 0 }), "EINVAL");
});

test("a batch has limits, a prefix, and an eye for private events", async () => {
  await using folder = await DiskFolder.make();
  await using log = await folder.open({ segmentBytes: 5000 });
  const { epoch } = log;
  for (const seq of span(1, 500))
    log.append(event(seq, { topic: seq % 3 === 0 ? "a.b" : "a.c", secret: seq % 5 === 0, bytes: 30 }), 0);
  await log.flushed();
  const start = { epoch, seq: 0 };
  assert.deepEqual(seqsOf(await log.read(start, { maxEvents: 2 })), [1, 2]);
  assert.deepEqual(seqsOf(await log.read(start, { maxBytes: 1 })), [1]);
  assert.deepEqual(seqsOf(await log.read(start, { through: 4 })), [1, 2, 3, 4]);
  const none = await log.read(start, { prefix: "zzz", maxScanned: 10 });
  assert.deepEqual([none.count, none.through, none.lost], [0, 10, []]);
  const options = { prefix: "a.b", see: () => false, maxBytes: 700, maxScanned: 50 };
  const seen: number[] = [];
  for (let at = start, i = 0; at.seq < 500 && i < 500; i++) {
    const batch = await log.read(at, options);
    seen.push(...seqsOf(batch));
    assert.deepEqual(batch.lost, []);
    at = { ...batch.next };
  }
  assert.deepEqual(
    seen,
    span(1, 500).filter((seq) => seq % 3 === 0 && seq % 5 !== 0),
  );
});

test("events that come at once are written at once", async () => {
  await using folder = await DiskFolder.make();
  await using log = await folder.open({ sync: true });
  await fill(log, 1, 1000);
  const { writes, syncs } = log.stats;
  assert(writes <= 3 && syncs === 1, `${writes} writes, ${syncs} syncs`);
  log.append(event(1001), 0);
  const both = [log.flushed(), log.flushed()];
  await Promise.all(both);
  await log.flushed();
  assert.equal(log.stats.syncs, 2);
});

test("without sync events are gathered for a write, which comes by itself", async () => {
  await using folder = await DiskFolder.make();
  await using log = await folder.open({ gatherMs: 20 });
  for (const seq of span(1, 50)) {
    log.append(event(seq), seq);
    await setImmediate();
  }
  await until(() => log.stats.written === 50, "the events are written");
  // On a slow machine the turns take longer than events are gathered.
  assert(log.stats.writes < 25, `${log.stats.writes} writes of 50 events in as many turns`);
});

test("who waits for a write, a full chunk and the end of the log do not wait for the gathering", async () => {
  await using folder = await DiskFolder.make();
  const log = await folder.open({ gatherMs: 1_000_000 });
  await fill(log, 1, 10);
  assert.equal(log.stats.written, 10);
  log.append(event(11), 11);
  assert.equal((await log.read({ epoch: log.epoch, seq: 10 })).count, 1);
  log.append(event(12), 12);
  assert.deepEqual(await log.positionAt(12), { epoch: log.epoch, seq: 11 });
  for (const seq of span(13, 212)) log.append(event(seq, { bytes: 8192 }), seq);
  await until(() => log.stats.written > 212 - 64, "full chunks are written");
  const flushed = log.flushed();
  log.append(event(213), 213);
  await flushed;
  assert(log.stats.written >= 212);
  await log.close();
  assert.equal(log.stats.written, 213);
});

test("reads what still waits to be written", async () => {
  await using folder = await DiskFolder.make();
  await using log = await folder.open();
  for (const seq of span(1, 10)) log.append(event(seq), seq);
  assert.deepEqual(seqsOf(await log.read({ epoch: log.epoch, seq: 4 })), span(5, 10));
});

test("goes from one segment to the next, and an event over the size of one has its own", async () => {
  await using folder = await DiskFolder.make();
  await using log = await folder.open({ segmentBytes: 4096 });
  await fill(log, 1, 1, 100_000);
  for (let seq = 2; seq <= 300; seq++) await fill(log, seq, seq, 50);
  await fill(log, 301, 301, 600_000);
  assert(log.stats.segments > 5);
  const from = (seq: number): Promise<string[]> => readAll((at) => log.read(at), { epoch: log.epoch, seq });
  for (const seq of [0, 1, 2, 50, 100, 299, 300, 301])
    assert.deepEqual(await from(seq), told(log.epoch, seq + 1, 301), `behind ${seq}`);
});

test("number 1 behind the last of 32 bits begins the epoch after", async () => {
  await using folder = await DiskFolder.make();
  const log = await folder.open();
  for (const seq of [LAST_SEQ - 1, LAST_SEQ, 1, 2]) log.append(event(seq), 0);
  await log.flushed();
  const { epoch } = log;
  assert.deepEqual(log.last, { epoch: epoch + 1, seq: 2 });
  const expected = [...told(epoch, LAST_SEQ - 1, LAST_SEQ), ...told(epoch + 1, 1, 2)];
  assert.deepEqual(await readAll((at) => log.read(at), { epoch, seq: LAST_SEQ - 2 }), expected);
  await log.close();
  await using next = await folder.open();
  assert.equal(next.epoch, epoch + 2);
  assert.deepEqual(await readAll((at) => next.read(at), { epoch, seq: LAST_SEQ - 2 }), expected);
});

test("a time means the events from then on", async () => {
  await using folder = await DiskFolder.make();
  const log = await folder.open({ segmentBytes: 100_000 });
  const { epoch } = log;
  for (let seq = 1; seq <= 3000; seq += 100) await fill(log, seq, seq + 99, 200);
  for (const now of [true, false]) {
    await using opened = now ? undefined : await folder.open();
    const at = opened ?? log;
    for (const time of [1, 2, 500, 1234.5, 3000])
      assert.deepEqual(await at.positionAt(time), { epoch, seq: Math.ceil(time) - 1 }, `${time}`);
    assert.deepEqual(await at.positionAt(3001), at.last);
    if (now) await log.close();
  }
});

test("whole segments go for the limits of events, bytes and age", async () => {
  for (const limits of [{ events: 1000 }, { bytes: 85_000 }, { ageMs: 1000 }]) {
    await using folder = await DiskFolder.make();
    folder.now = 3000;
    await using log = await folder.open({ segmentBytes: 10_000, limits });
    for (let seq = 1; seq <= 3000; seq += 50) await fill(log, seq, seq + 49);
    await log.expire();
    const { first, stats } = log;
    assert(stats.events <= 1100 && stats.events > 800, `${JSON.stringify(limits)}: ${stats.events} events`);
    assert.equal((await folder.segments()).length, stats.segments);
    assert.equal(first.seq, 3001 - stats.events);
    const [lost, ...there] = await readAll((at) => log.read(at), { epoch: log.epoch, seq: 10 });
    assert.equal(lost, `lost ${log.epoch}:11-${first.seq - 1}`);
    assert.deepEqual(there, told(log.epoch, first.seq, 3000));
  }
});

test("a segment that goes while it is read is lost, no error", async () => {
  await using folder = await DiskFolder.make();
  await using log = await folder.open({ segmentBytes: 5000, limits: { events: 500 } });
  await fill(log, 1, 100);
  const reading = readAll((at) => log.read(at, { maxEvents: 5 }), { epoch: log.epoch, seq: 0 });
  for (let seq = 101; seq <= 3000; seq += 100) await fill(log, seq, seq + 99);
  const seen = await reading;
  assert.equal(seen[0], `${log.epoch}:1`);
  assert.equal(seen.at(-1), `${log.epoch}:3000`);
});

test("a folder is for one log: a second one is refused, a lock left behind is taken over", async () => {
  await using folder = await DiskFolder.make();
  const log = await folder.open();
  await rejects(folder.open(), "EBUSY");
  await log.close();
  const lock = `${folder.path}/lock`;
  for (const left of ["", "4194305 1\n", `${process.pid} 1\n`, `${process.ppid} 1\n`, "nonsense"]) {
    await writeFile(lock, left);
    await using again = await folder.open();
    await again.flushed();
  }
  // Of a process that can't be seen here, as in another pid namespace, only the kernel knows that it lives.
  const holder = spawn("flock", ["-x", lock, "sh", "-c", `echo 4194305 > ${lock}; echo up; exec cat`]);
  await once(holder.stdout, "data");
  await rejects(
    folder.open(),
    "EBUSY",
    `${folder.path} is in use by process 4194305: a folder of events is for one broker`,
  );
  holder.stdin.end();
  await once(holder, "exit");
  await (await folder.open()).close();
  assert.deepEqual(
    (await readdir(folder.path)).filter((name) => name.startsWith("lock")),
    [],
  );
});

test("after it is closed nothing is taken", async () => {
  await using folder = await DiskFolder.make();
  const log = await folder.open();
  log.append(event(1), 0);
  await log.close();
  await log.close();
  log.append(event(2), 0);
  await rejects(log.flushed(), "ECANCELED");
  await using next = await folder.open();
  assert.deepEqual(await readAll((at) => next.read(at), { epoch: log.epoch, seq: 0 }), told(log.epoch, 1, 1));
});

test("a folder that can't be used is an error of the system", async () => {
  await using folder = await DiskFolder.make();
  await writeFile(folder.path, "a file");
  await rejects(folder.open(), "EEXIST");
});

test("a disk that fails is reported once, events go by, and it is tried again", async () => {
  await using folder = await DiskFolder.make();
  await using log = await folder.open({ segmentBytes: 4096, retryMs: 1000, sync: true });
  const { epoch } = log;
  await fill(log, 1, 50);
  // The next segment can't be made: something of its name is there.
  const blocked = `${folder.path}/${String(epoch).padStart(16, "0")}-0000000051.events`;
  await mkdir(blocked);
  for (const seq of span(51, 60)) log.append(event(seq, { bytes: 1000 }), 0);
  const error = await rejects(log.flushed(), "EEXIST");
  log.append(event(61), 0);
  await rejects(log.flushed(), "EEXIST");
  assert.deepEqual(
    folder.notices.map(({ level, text }) => [level, text]),
    [["err", `can't write to ${folder.path}: ${error.message}: events stay in memory only`]],
  );
  assert.deepEqual([log.stats.failure, log.stats.skipped], [error.message, 11]);
  assert.deepEqual(await readAll((at) => log.read(at), { epoch, seq: 48 }), told(epoch, 49, 50));
  folder.now += 1000;
  await rm(blocked, { recursive: true });
  await fill(log, 62, 70);
  assert.deepEqual([log.stats.failure, log.stats.skipped], [null, 11]);
  assert.equal(folder.notices.at(-1)?.text, `events behind ${epoch}:50 up to ${epoch}:61 are not on disk`);
  assert.deepEqual(await readAll((at) => log.read(at), { epoch, seq: 49 }), [
    ...told(epoch, 50, 50),
    `lost ${epoch}:51-61`,
    ...told(epoch, 62, 70),
  ]);
});

test("more than may wait goes by, and is lost", async () => {
  await using folder = await DiskFolder.make();
  await using log = await folder.open({ maxPendingBytes: 1000 });
  const { epoch } = log;
  for (const seq of span(1, 100)) log.append(event(seq, { bytes: 100 }), 0);
  await rejects(log.flushed(), "ENOBUFS");
  const { skipped } = log.stats;
  assert(skipped > 80 && skipped < 100, `${skipped}`);
  const batch = await log.read({ epoch, seq: 100 - skipped });
  assert.equal(batch.count, 0);
  await fill(log, 101, 102);
  assert.deepEqual(await readAll((at) => log.read(at), { epoch, seq: 0 }), [
    ...told(epoch, 1, 100 - skipped),
    `lost ${epoch}:${101 - skipped}-100`,
    ...told(epoch, 101, 102),
  ]);
  assert.equal(folder.notices.length, 2);
});

test("many readers at many places", async () => {
  await using folder = await DiskFolder.make();
  await using log = await folder.open({ segmentBytes: 20_000 });
  for (let seq = 1; seq <= 2000; seq += 100) await fill(log, seq, seq + 99);
  const readers = span(0, 33).map((i) =>
    readAll((at) => log.read(at, { maxEvents: 97 }), { epoch: log.epoch, seq: i * 60 }),
  );
  for (const [i, seen] of (await Promise.all(readers)).entries())
    assert.deepEqual(seen, told(log.epoch, i * 60 + 1, 2000));
});
