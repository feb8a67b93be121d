import assert from "node:assert/strict";
import { readFileSync, statSync, writeSync } from "node:fs";
import { describe, test } from "node:test";
import { FluxError } from "../../../src/base/index.ts";
import { AttributeTable, Broker } from "../../../src/broker/index.ts";
import { LogBuffer } from "../../../src/broker/log-buffer.ts";
import { LogFile } from "../../../src/broker/log-file.ts";
import { LogFollower } from "../../../src/broker/log-follower.ts";
import { readLogSettings } from "../../../src/broker/log-settings.ts";
import { TemporaryFolder } from "../../helpers/temporary-folder.ts";

const TIME = "2026-01-02T03:04:05.678901Z";
const SEVERITIES = [0, 1, 2, 3, 4, 5, 6, 7];

/** A log, and what it printed and forwarded. */
function logOf(rank: number, attributes: Record<string, string> = {}) {
  const lines: string[] = [];
  const forwarded: string[] = [];
  const log = new LogBuffer({
    rank,
    settings: readLogSettings(new AttributeTable(attributes), rank),
    print: (line) => lines.push(line.replace(/^.* 2026 /, "")),
    forward: (record) => forwarded.push(Buffer.from(record).toString("latin1")),
  });
  const append = (text: string) => log.append(Buffer.from(text, "latin1"));
  /** A record of each severity from `from`. */
  const all = (from: number) => {
    for (const severity of SEVERITIES) append(`<${severity << 3}>1 ${TIME} ${from} x 1 - - ${severity}`);
  };
  const severities = (texts: readonly string[]) => texts.map((text) => text.slice(-1)).join("");
  return {
    log,
    append,
    all,
    lines,
    forwarded,
    printed: () => severities(lines),
    sent: () => severities(forwarded),
  };
}

describe("where records go", () => {
  test("rank 0 prints what is severe, of all ranks", () => {
    const of = logOf(0);
    of.all(0);
    of.all(5);
    assert.equal(of.printed(), "01230123");
    assert.equal(of.lines[3], "x.err[0]: 3");
    assert.equal(of.lines[4], "x.emerg[5]: 0");
    assert.deepEqual([of.log.ring.used, of.log.counts], [8, { local: 8, remote: 8, dropped: 0 }]);
    assert.deepEqual(of.forwarded, []);
  });

  test("another rank prints what is critical of its own, and forwards what is severe of all", () => {
    const of = logOf(3, { "log-filename": "/nonexistent/file" });
    of.all(3);
    of.all(5);
    assert.deepEqual([of.printed(), of.sent()], ["012", "01230123"]);
    assert.equal(of.log.ring.used, 8);
  });

  test("local mode: each prints its own, for systemd", () => {
    const leader = logOf(0, { "log-stderr-mode": "local", "log-stderr-level": "4" });
    const other = logOf(1, { "log-stderr-mode": "local", "log-stderr-level": "4" });
    for (const of of [leader, other]) for (const rank of [0, 1]) of.all(rank);
    assert.deepEqual([leader.printed(), other.printed()], ["01234", "01234"]);
    assert.deepEqual([leader.lines[4], other.lines[4]], ["<4>x.warning[0]: 4", "<4>x.warning[1]: 4"]);
  });

  test("levels decide for each way alone; a negative one closes it", () => {
    const kept = logOf(0, { "log-level": "1", "log-critical-level": "-1", "log-stderr-level": "-1" });
    kept.all(0);
    assert.deepEqual([kept.log.ring.used, kept.printed()], [2, ""]);
    const quiet = logOf(1, { "log-forward-level": "-1", "log-critical-level": "7", "log-level": "-1" });
    quiet.all(1);
    assert.deepEqual([quiet.log.ring.used, quiet.printed(), quiet.sent()], [0, "01234567", ""]);
    const forwards = logOf(1, { "log-forward-level": "7" });
    forwards.all(1);
    assert.equal(forwards.sent(), "01234567");
  });

  test("text that is no record counts as info of another rank", () => {
    const of = logOf(0, { "log-stderr-level": "6" });
    of.append("out of the blue\0and more");
    const forwards = logOf(1, { "log-forward-level": "6" });
    forwards.append("out of the blue");
    assert.deepEqual([of.lines, forwards.forwarded], [["out of the blue"], ["out of the blue"]]);
    assert.deepEqual([of.log.ring.used, of.log.counts], [0, { local: 0, remote: 1, dropped: 0 }]);
  });

  test("a severity there is none of is neither kept nor printed", () => {
    const of = logOf(0, { "log-stderr-level": "7" });
    of.append(`<64>1 ${TIME} 0 x 1 - - 8`);
    assert.deepEqual([of.log.ring.used, of.lines, of.log.counts.local], [0, [], 1]);
  });
});

describe("records have a length", () => {
  const HEAD = `<24>1 ${TIME} 0 x 1 - - `;
  const attributes = { "log-record-bytes": "1024" };

  test("a longer one is cut between two characters, with a mark, wherever it goes", async () => {
    await using folder = await TemporaryFolder.make();
    const rank0 = logOf(0, { ...attributes, "log-filename": folder.of("log") });
    const rank1 = logOf(1, attributes);
    for (const shift of [0, 1, 2]) {
      const bytes = Buffer.from(`${HEAD}${"y".repeat(shift)}${"€".repeat(100_000)}`);
      for (const { log } of [rank0, rank1]) log.append(bytes);
      const [record = new Uint8Array(0)] = rank0.log.ring.records().slice(-1);
      assert(record.length <= 1024 && record.length > 1020, `${record.length} bytes`);
      // Throws for bytes that are no UTF-8.
      const text = new TextDecoder("utf-8", { fatal: true }).decode(record);
      assert.match(text, new RegExp(`^.* - - y{${shift}}€+… \\[cut: ${bytes.length} bytes\\]$`));
      assert.equal(rank0.lines.at(-1), `x.err[0]: ${text.slice(HEAD.length)}`);
      assert.equal(rank1.forwarded.at(-1), Buffer.from(record).toString("latin1"));
    }
    rank0.log.close();
    assert(statSync(folder.of("log")).size < 4 * 1024);
  });

  test("one of the longest length stays, with a NUL behind it too; one before a NUL does not count what follows", () => {
    const of = logOf(0, attributes);
    const longest = HEAD + "z".repeat(1024 - HEAD.length);
    for (const text of [longest, `${longest}\0more`, `${HEAD}short\0${"y".repeat(5000)}`]) of.append(text);
    assert.deepEqual(
      of.log.ring.records().map((record) => Buffer.from(record).toString()),
      [longest, longest, `${HEAD}short`],
    );
  });

  test("the ring holds as many as its bytes allow, the latest at least", () => {
    const of = logOf(0, { "log-ring-bytes": "1000" });
    const record = (i: number) => `${HEAD}${String(i).padStart(100 - HEAD.length, ".")}`;
    for (let i = 0; i < 5000; i++) of.append(record(i));
    const { ring } = of.log;
    assert.deepEqual([ring.used, ring.bytes, ring.count], [10, 1000, 5000]);
    assert.equal(Buffer.from(ring.records()[0]!).toString(), record(4990));
    of.append(`${HEAD}${"y".repeat(2000)}`);
    assert.deepEqual([ring.used, ring.bytes], [1, HEAD.length + 2000]);
    of.append(record(1));
    assert.deepEqual([ring.used, ring.bytes], [1, 100]);
    ring.clear();
    assert.deepEqual([ring.used, ring.bytes], [0, 0]);
  });
});

describe("a follower that does not keep up", () => {
  test("waits for so many bytes, gets the latest, and hears how many it misses", async () => {
    const told: number[] = [];
    const follower = new LogFollower(1000, (count) => {
      told.push(count);
      return Buffer.from(`missed ${count}`);
    });
    const record = (i: number) => Buffer.from(String(i).padStart(100, "."));
    for (let i = 0; i < 5000; i++) follower.push(record(i));
    const texts: string[] = [];
    const read = async (count: number) => {
      for (let i = 0; i < count; i++)
        texts.push(`${Buffer.from((await follower.next())!)}`.replace(/^\.+/, ""));
    };
    await read(11);
    const reading = read(1);
    follower.push(record(5000));
    await reading;
    assert.deepEqual(texts, ["missed 4990", ...Array.from({ length: 11 }, (_, i) => String(4990 + i))]);
    follower.push(record(1));
    follower.end();
    await read(1);
    assert.deepEqual([await follower.next(), told], [undefined, [4990]]);
  });

  test("waits for so many records; one larger than its bytes is given; stop ends it at once", async () => {
    const follower = new LogFollower(10, () => new Uint8Array(0), 2);
    for (const length of [1, 2, 3]) follower.push(new Uint8Array(length));
    assert.deepEqual([(await follower.next())!.length, (await follower.next())!.length], [0, 2]);
    follower.push(new Uint8Array(50));
    assert.deepEqual([(await follower.next())!.length, (await follower.next())!.length], [0, 50]);
    const last = follower.next();
    follower.stop();
    assert.equal(await last, undefined);
  });

  test("counts in the log what it leaves out", async () => {
    const of = logOf(0, { "log-ring-bytes": "1K" });
    const follower = of.log.follower();
    const record = new Uint8Array(1024 * 1024);
    for (let i = 0; i < 20; i++) follower.push(record);
    assert.match(`${Buffer.from((await follower.next())!)}`, /4 records are left out here/);
    assert.equal(of.log.counts.dropped, 4);
  });
});

describe("a record is one line", () => {
  test("on standard error and in the file, and does nothing to a terminal; the ring has its bytes", async () => {
    await using folder = await TemporaryFolder.make();
    const of = logOf(0, { "log-filename": folder.of("log") });
    const record = `<24>1 ${TIME} 0 x\x1b 1 - - a\tb\n<0>forged\x1b[2J\r\n\x7fü\x9b`;
    of.append(`${Buffer.from(record).toString("latin1")}\r\n\n`);
    const line = "x\\x1b.err[0]: a\tb\\n<0>forged\\x1b[2J\\r\\n\\x7fü";
    assert.deepEqual(of.lines, [`${line}\\x9b`]);
    of.append("no\nrecord\x07");
    of.log.close();
    const [first, second, ...rest] = readFileSync(folder.of("log"), "utf8").split("\n");
    assert.equal(first?.replace(/^.* 2026 /, ""), `${line}\x9b`);
    assert.deepEqual([second, rest], ["no\\nrecord\\x07", [""]]);
    assert.equal(Buffer.from(of.log.ring.records()[0]!).toString(), `${record}\r\n\n`);
  });
});

describe("log-filename", () => {
  test("gets all that reaches rank 0, as it comes, behind what is there", async () => {
    await using folder = await TemporaryFolder.make();
    const file = folder.of("log");
    for (const message of ["first \xff", "second"]) {
      const of = logOf(0, { "log-filename": file, "log-level": "-1" });
      of.append(`<56>1 ${TIME} 7 x 1 - - ${message}`);
      of.append("no record");
      assert.match(readFileSync(file, "latin1"), new RegExp(`${message}\nno record\n$`));
      of.log.close();
      of.append("too late");
    }
    const lines = readFileSync(file, "latin1").split("\n");
    assert.match(lines[0] ?? "", /^Jan 0[123] \d\d:\d\d:05\.678901 \S+ 2026 x\.debug\[7\]: first \xff$/);
    assert.equal(lines.length, 5);
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  test("that can't be opened ends the start; one that can't be written to costs one line", async () => {
    await using folder = await TemporaryFolder.make();
    const start = (name: string) => Broker.start({ attributes: { "log-filename": name } });
    for (const [name, code] of [
      ["", "ENOENT"],
      [folder.path, "EISDIR"],
    ] as const) {
      await assert.rejects(start(name), (error) => {
        assert(FluxError.is(error, code));
        assert.match(error.message, /^Error opening logfile .*: (No such file|Is a directory)/);
        return true;
      });
    }
    const full = logOf(0, { "log-filename": "/dev/full" });
    full.append("one");
    full.append("two");
    assert.deepEqual(full.lines, ["fluxbus: log-filename: /dev/full: No space left on device"]);
  });

  test("on a full disk counts the records that are missing, and goes on when there is room", async () => {
    await using folder = await TemporaryFolder.make();
    const name = folder.of("log");
    let [now, room, tries] = [0, 12, 0];
    const file = new LogFile(name, {
      now: () => now,
      write(fd, bytes, start) {
        tries++;
        if (room === 0) throw Object.assign(new Error("full"), { code: "ENOSPC" });
        const taken = writeSync(fd, bytes, start, Math.min(room, bytes.length - start));
        room -= taken;
        return taken;
      },
    });
    const append = (text: string) => file.append(Buffer.from(`${text}\n`));
    assert.deepEqual(
      [append("first"), append("second"), append("third")],
      [undefined, `${name}: No space left on device`, undefined],
    );
    const before = tries;
    for (let i = 0; i < 1000; i++) append("more");
    assert.equal(tries, before);
    now = 1000;
    assert.equal(append("still full"), undefined);
    assert.equal(tries, before + 1);
    room = 1000;
    now = 2000;
    assert.equal(append("again"), `${name}: written to again, 1003 records are missing`);
    assert.equal(append("last"), undefined);
    file.close();
    const text = "first\nsecond\nfluxbus: 1003 records are missing here\nagain\nlast\n";
    assert.equal(readFileSync(name, "utf8"), text);
  });
});
