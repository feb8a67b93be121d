import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { colorsFor } from "../../../src/cli/colors.ts";
import { LogLines } from "../../../src/cli/log-line.ts";
import { SEVERITIES } from "../../../src/cli/severities.ts";
import { type LogLevel, type LogRecord, parseLogRecord } from "../../../src/client/index.ts";

function record(clock: string, message = "m", level: LogLevel = "err"): LogRecord {
  return { level, timestamp: `2026-11-05T${clock}Z`, rank: 0, appname: "x", procid: "1", message };
}

function times(lines: LogLines, clocks: readonly string[]): string[] {
  return clocks.map((clock) => lines.format(record(clock)).replace(/^\[([^\]]*)\].*/, "$1"));
}

describe("lines of the log", () => {
  const colors = colorsFor("never");
  const clocks = [
    "02:01:10.5",
    "02:01:50.25",
    "02:02:05.000001",
    "02:02:06",
    "02:01:59",
    "02:03:30",
    "03:03:40",
  ];

  test("human times: a date when the minute changes, else seconds since it", () => {
    const seen = times(new LogLines({ human: true, delta: false, colors }), [
      ...clocks,
      "03:03:40.5",
      "03:03:41",
    ]);
    const dates = seen.filter((text) => text.startsWith("Nov")).length;
    assert.deepEqual(
      [dates, seen[1], seen[3], seen[7], seen[8]],
      [5, " +39.750000", "  +0.999999", "  +0.500000", "  +1.000000"],
    );
    assert.match(seen[0]!, /^Nov0[456] \d\d:\d\d$/);
  });

  test("with delta, seconds since the record before", () => {
    const seen = times(new LogLines({ human: true, delta: true, colors }), [
      "02:01:10",
      "02:01:20",
      "02:01:25.5",
      "02:01:25",
    ]);
    assert.deepEqual(seen.slice(1), [" +10.000000", "  +5.500000", "  -0.500000"]);
  });

  test("what a record contains makes no further line and does nothing to the terminal", () => {
    const evil = {
      ...record("02:01:10", "a\n2026 kernel\x1b[2J\u202e"),
      appname: "x\x1b",
      timestamp: "\x1b]",
    };
    for (const human of [true, false])
      assert.match(
        new LogLines({ human, delta: false, colors }).format(evil),
        /^\[?\\x1b\]+ x\\x1b\.err\[0\]: a\\n2026 kernel\\x1b\[2J\\u202e$/,
      );
  });

  test("plain times are local, with their offset, unless that is none", () => {
    const zone = process.env["TZ"];
    const inZone = (name: string, clock: string): string => {
      process.env["TZ"] = name;
      return new LogLines({ human: false, delta: false, colors }).format(record(clock)).replace(/ .*/, "");
    };
    try {
      assert.equal(inZone("UTC", "02:01:10.5"), "2026-11-05T02:01:10.5Z");
      assert.equal(inZone("America/Los_Angeles", "02:01:10.512345"), "2026-11-04T18:01:10.512345-08:00");
      assert.equal(inZone("Asia/Kolkata", "02:01:10.000001"), "2026-11-05T07:31:10.000001+05:30");
    } finally {
      if (zone === undefined) delete process.env["TZ"];
      else process.env["TZ"] = zone;
    }
  });

  test("a host's name stands where there is no rank", () => {
    const early = { ...record("02:01:10"), rank: Number.NaN, hostname: "node7" };
    assert.match(new LogLines({ human: false, delta: false, colors }).format(early), / x\.err\[node7\]: m$/);
  });

  test("times that are none stand as they came", () => {
    const odd = { ...record(""), timestamp: "-" };
    assert.equal(new LogLines({ human: true, delta: false, colors }).format(odd), "[-] x.err[0]: m");
    assert.equal(new LogLines({ human: false, delta: false, colors }).format(odd), "- x.err[0]: m");
  });

  test("each severity has its look", () => {
    const lines = new LogLines({ human: false, delta: false, colors: colorsFor("always") });
    const looks = SEVERITIES.map((level) =>
      lines.format(record("02:01:10", "M", level)).replace(/.*: /s, ""),
    );
    assert.deepEqual(looks, [
      "\x1b[7m\x1b[31mM\x1b[39m\x1b[27m",
      "\x1b[7m\x1b[31mM\x1b[39m\x1b[27m",
      "\x1b[1m\x1b[31mM\x1b[39m\x1b[22m",
      "\x1b[31mM\x1b[39m",
      "\x1b[1mM\x1b[22m",
      "M",
      "M",
      "\x1b[34mM\x1b[39m",
    ]);
  });

  test("the severities are those of the records", () => {
    const levels = SEVERITIES.map((_level, i) => parseLogRecord(`<${i * 8}>1 t 0 a 1 - - m`)?.level);
    assert.deepEqual(levels, [...SEVERITIES]);
  });
});
