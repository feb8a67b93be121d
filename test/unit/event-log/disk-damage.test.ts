import assert from "node:assert/strict";
import { cp, readdir, rm } from "node:fs/promises";
import { test } from "node:test";
import fc from "fast-check";
import type { DiskLog } from "../../../src/event-log/index.ts";
import { Message } from "../../../src/message/index.ts";
import { DiskFolder, fill, readAll, told } from "./disk-folder.ts";
import { span } from "./events.ts";

const COUNT = 30;

interface Made {
  readonly name: string;
  readonly epoch: number;
  /** The file of a run that ended without completing it, as kill -9 leaves it; and completed. */
  readonly whole: Uint8Array;
  readonly sealed: Uint8Array;
}

/** A segment with events 1 to `COUNT`. */
async function make(folder: DiskFolder, bytes = 20, salt = 7): Promise<Made> {
  const log = await folder.open({ random: () => salt });
  await fill(log, 1, COUNT, bytes);
  const name = (await folder.segments())[0]!;
  const whole = await folder.read(name);
  await log.close();
  return { name, epoch: log.epoch, whole, sealed: await folder.read(name) };
}

/** Offsets where the records of an unsealed segment end. */
function ends(whole: Uint8Array): number[] {
  const words = new DataView(whole.buffer, whole.byteOffset, whole.length);
  const found: number[] = [];
  for (let at = 64; at < whole.length; found.push(at)) at += 16 + words.getUint32(at);
  return found;
}

/** What reading a run gives that ended without completing its segment: events 1 to `last`, and nobody knows whether more came. */
function toldOf(epoch: number, last: number): string[] {
  return [...told(epoch, 1, last), `unknown ${epoch}:${last}`];
}

/** Leaves only this segment in the folder, with these bytes, and opens it. */
async function reopen(folder: DiskFolder, name: string, bytes: Uint8Array): Promise<DiskLog> {
  for (const file of await readdir(folder.path)) await rm(`${folder.path}/${file}`, { recursive: true });
  await folder.write(name, bytes);
  folder.notices.length = 0;
  return await folder.open();
}

test("cut at any byte, the whole records before the cut survive, and the rest is reported", async () => {
  await using folder = await DiskFolder.make();
  const { name, whole, epoch } = await make(folder);
  const bounds = ends(whole);
  assert.equal(bounds.length, COUNT);
  for (let size = bounds[COUNT - 3]!; size <= whole.length; size++) {
    const survivors = bounds.filter((end) => end <= size).length;
    const torn = size - bounds[survivors - 1]!;
    await using log = await reopen(folder, name, whole.subarray(0, size));
    const all = await readAll((at) => log.read(at), { epoch, seq: 0 });
    assert.deepEqual(all, toldOf(epoch, survivors), `cut at ${size}`);
    const expected =
      torn === 0 ? [] : [{ segment: name, bytes: torn, reason: "its last record is not whole" }];
    assert.deepEqual(log.cuts, expected);
    assert.equal(folder.notices.length, expected.length);
  }
});

test("cut inside its header, a segment is gone; nothing else is", async () => {
  await using folder = await DiskFolder.make();
  const { name, whole, epoch } = await make(folder);
  for (const size of [0, 10, 31]) {
    await using log = await reopen(folder, name, whole.subarray(0, size));
    assert.deepEqual(log.cuts, [{ segment: name, bytes: size, reason: "its header is damaged" }]);
    assert.deepEqual(await readAll((at) => log.read(at), { epoch, seq: 4 }), [`unknown ${epoch}:4`]);
    assert(log.epoch > epoch);
  }
  // One copy of the header is there: no event was.
  await using log = await reopen(folder, name, whole.subarray(0, 40));
  assert.deepEqual(log.cuts, []);
});

test("zeros behind the last record, as a crash of the machine leaves them, are cut off", async () => {
  await using folder = await DiskFolder.make();
  const { name, whole, epoch } = await make(folder);
  const padded = new Uint8Array(whole.length + 5000);
  padded.set(whole);
  await using log = await reopen(folder, name, padded);
  assert.deepEqual(await readAll((at) => log.read(at), { epoch, seq: 0 }), toldOf(epoch, COUNT));
  assert.equal(log.cuts[0]?.bytes, 5000);
  assert.equal(log.stats.cutBytes, 5000);
});

test("what was cut is cut once: the next opening finds a whole segment", async () => {
  await using folder = await DiskFolder.make();
  const { name, whole, epoch } = await make(folder);
  await (await reopen(folder, name, whole.subarray(0, -1))).close();
  await using log = await folder.open();
  assert.deepEqual(log.cuts, []);
  assert.deepEqual(await readAll((at) => log.read(at), { epoch, seq: 0 }), toldOf(epoch, COUNT - 1));
});

/** Changes one bit of a segment and says what is read of it. */
async function readFlipped(folder: DiskFolder, name: string, whole: Uint8Array, at: number, bit: number) {
  const bytes = whole.slice();
  bytes[at]! ^= 1 << bit;
  await using log = await reopen(folder, name, bytes);
  const epoch = Number(name.slice(0, 16));
  return { all: await readAll((from) => log.read(from), { epoch, seq: 0 }), cuts: log.cuts };
}

test("a changed bit loses no more than the event it is in, and that is known", async () => {
  await using folder = await DiskFolder.make();
  const { name, whole, sealed, epoch } = await make(folder);
  const bounds = ends(whole);
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(7), fc.boolean(), async (at, bit, isSealed) => {
      const { all, cuts } = await readFlipped(folder, name, isSealed ? sealed : whole, at, bit);
      const end = isSealed ? [] : [`unknown ${epoch}:${COUNT}`];
      if (at < 64) {
        assert.deepEqual(all, [...told(epoch, 1, COUNT), ...end]);
        return;
      }
      const hit = bounds.findIndex((end) => at < end) + 1;
      const expected = told(epoch, 1, COUNT);
      // The last event of a segment that was not completed is a torn tail like any other.
      if (hit === COUNT && !isSealed) {
        assert.deepEqual(all, toldOf(epoch, COUNT - 1));
      } else {
        expected[hit - 1] = `lost ${epoch}:${hit}-${hit}`;
        assert.deepEqual(all, [...expected, ...end]);
      }
      assert.equal(cuts.length, hit === COUNT && !isSealed ? 1 : 0);
    }),
    { numRuns: 150 },
  );
});

test("behind a damaged event the next is found wherever the pieces of the file end", async () => {
  // The second event starts where the first piece that is read of the file ends, or a few bytes before.
  for (let before = 0; before <= 26; before++) {
    await using folder = await DiskFolder.make();
    const log = await folder.open();
    await fill(log, 1, 1, 256 * 1024 - 61 - before);
    await fill(log, 2, 2);
    const name = (await folder.segments())[0]!;
    const bytes = await folder.read(name);
    await log.close();
    assert.equal(ends(bytes)[0], 64 + 256 * 1024 - before);
    bytes[68]! ^= 1;
    await using again = await reopen(folder, name, bytes);
    const all = await readAll((at) => again.read(at), { epoch: log.epoch, seq: 0 });
    assert.deepEqual(all, [`lost ${log.epoch}:1-1`, `${log.epoch}:2`, `unknown ${log.epoch}:2`], `${before}`);
  }
});

test("a damaged seal is made anew", async () => {
  await using folder = await DiskFolder.make();
  const { name, whole, sealed, epoch } = await make(folder);
  for (let at = whole.length; at < sealed.length; at += 5) {
    const { all, cuts } = await readFlipped(folder, name, sealed, at, at % 8);
    assert.deepEqual([all, cuts.length], [toldOf(epoch, COUNT), 1], `byte ${at}`);
  }
});

test("damaged stretches of any size: no event twice, none out of order, each read or lost", async () => {
  await using folder = await DiskFolder.make();
  const { name, whole, epoch } = await make(folder, 300);
  const anyStretch = fc.record({
    at: fc.integer({ min: 64, max: whole.length - 1 }),
    length: fc.integer({ min: 1, max: 2000 }),
    byte: fc.option(fc.nat(255), { nil: undefined }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(anyStretch, { minLength: 1, maxLength: 4 }), async (stretches) => {
      const bytes = whole.slice();
      for (const { at, length, byte } of stretches)
        for (let i = at; i < Math.min(at + length, bytes.length); i++)
          bytes[i] = byte ?? (bytes[i]! * 7 + i) & 0xff;
      await using log = await reopen(folder, name, bytes);
      const seen: number[] = [];
      for (const line of await readAll((from) => log.read(from), { epoch, seq: 0 })) {
        if (line.startsWith("unknown")) continue;
        const [first, last = first] = line
          .replace(/^lost /, "")
          .split(":")[1]!
          .split("-")
          .map(Number);
        seen.push(...span(first!, last!));
      }
      assert.deepEqual(seen, span(1, seen.length));
      if (seen.length < COUNT) assert.equal(log.cuts.length, 1);
    }),
    { numRuns: 80 },
  );
});

test("a payload that looks like a record is not taken for one", async () => {
  for (const salt of [1, 2]) {
    await using source = await DiskFolder.make();
    const { whole } = await make(source, 20, salt);
    await using folder = await DiskFolder.make();
    const log = await folder.open({ random: () => 2 });
    // A sender who knows the format, but maybe not the salt, puts records into a payload; then the tail is torn.
    log.append(Message.event({ topic: "forged", payload: whole.slice(64), seq: 1 }), 0);
    await log.flushed();
    const name = (await folder.segments())[0]!;
    const bytes = await folder.read(name);
    await log.close();
    await using again = await reopen(folder, name, bytes.subarray(0, -1));
    const all = await readAll((at) => again.read(at), { epoch: log.epoch, seq: 0 });
    assert.deepEqual(all, salt === 2 ? toldOf(log.epoch, COUNT) : [`unknown ${log.epoch}:0`]);
  }
});

test("a segment that lies under another name is set aside", async () => {
  await using folder = await DiskFolder.make();
  const { name, whole } = await make(folder);
  const renamed = name.replace(/-\d+/, "-0000000009");
  await using log = await reopen(folder, renamed, whole);
  assert.deepEqual(log.cuts, [{ segment: renamed, bytes: whole.length, reason: "its header is damaged" }]);
  assert((await readdir(folder.path)).includes(`${renamed}.damaged`));
});

test("a segment in the middle that is missing is lost", async () => {
  await using folder = await DiskFolder.make();
  const log = await folder.open({ segmentBytes: 4096 });
  for (let seq = 1; seq <= 200; seq += 10) await fill(log, seq, seq + 9);
  await log.close();
  const names = await folder.segments();
  assert(names.length >= 3);
  await rm(`${folder.path}/${names[1]}`);
  const [first, next] = [names[1]!, names[2]!].map((name) => Number(name.slice(17, 27)));
  await using again = await folder.open();
  assert.deepEqual(await readAll((at) => again.read(at), { epoch: log.epoch, seq: 0 }), [
    ...told(log.epoch, 1, first! - 1),
    `lost ${log.epoch}:${first}-${next! - 1}`,
    ...told(log.epoch, next!, 200),
  ]);
});

test("a copy of the folder, taken while it is written to, opens", async () => {
  await using folder = await DiskFolder.make();
  await using log = await folder.open({ segmentBytes: 8192 });
  await fill(log, 1, 1000);
  const writing = (async () => {
    for (let seq = 1001; seq <= 3000; seq += 20) await fill(log, seq, seq + 19);
  })();
  await using other = await DiskFolder.make();
  await cp(folder.path, other.path, { recursive: true, filter: (path) => !path.includes("lock") });
  await writing;
  await using copy = await other.open();
  const seen = await readAll((at) => copy.read(at), { epoch: log.epoch, seq: 0 });
  const events = seen.filter((line) => !line.startsWith("lost"));
  assert.deepEqual(events.slice(0, 1000), told(log.epoch, 1, 1000));
});
