import assert from "node:assert/strict";
import { describe, test } from "node:test";
import picocolors from "picocolors";
import { TraceLines } from "../../../src/cli/trace-line.ts";

const options = { human: false, delta: false, width: 0, colors: picocolors.createColors(false) };
const record = { timestamp: 1_700_000_000.25, prefix: "rx", type: 1, topic: "kvs.ping", payload_size: 2048 };
/** What stands behind the time. */
const behindTime = (text: string): string => text.slice(text.indexOf(" ") + 1);

describe("a line of a trace", () => {
  test("names the neighbour, or all of them", () => {
    const lines = new TraceLines(options);
    assert.equal(behindTime(lines.format({ ...record, name: null, rank: 3 })), "rx 3 > kvs.ping [2K]");
    const event = { ...record, prefix: "tx", type: 4, name: null, rank: -1 };
    assert.equal(behindTime(lines.format(event)), "tx * e kvs.ping [2K]");
    const heartbeat = { ...record, type: 8, topic: "heartbeat 0", payload_size: 0, rank: 1 };
    assert.equal(behindTime(lines.format(heartbeat)), "rx 1 c heartbeat 0 [0]");
  });

  test("names the module, in a column of the width of all names", () => {
    const lines = new TraceLines({ ...options, width: 6 });
    const response = { ...record, prefix: "tx", name: "kvs", type: 2 };
    assert.equal(behindTime(lines.format(response)), "   kvs tx < kvs.ping [2K] success");
    const failed = { ...response, errnum: 38, errstr: "no such method", payload_size: 0 };
    assert.equal(behindTime(lines.format(failed)), "   kvs tx < kvs.ping [0] ENOSYS\nno such method");
  });

  test("has the payload below", () => {
    const lines = new TraceLines(options);
    const full = { ...record, name: null, rank: 0, payload_size: 11, payload: { seq: 1 } };
    assert.equal(behindTime(lines.format(full)), 'rx 0 > kvs.ping [11]\n{\n  "seq": 1\n}');
  });

  test("has a date for each minute and seconds within it, for people", () => {
    const human = new TraceLines({ ...options, human: true });
    const at = (timestamp: number): string =>
      human.format({ ...record, timestamp, name: null, rank: 0 }).replace(/\w{3}\d\d \d\d:\d\d/, "DATE");
    assert.equal(at(1_700_000_000.25), "[DATE]  rx 0 > kvs.ping [2K]");
    assert.equal(at(1_700_000_001.5), "[ +21.500000]  rx 0 > kvs.ping [2K]");
    const delta = new TraceLines({ ...options, human: true, delta: true });
    delta.format({ ...record, name: null, rank: 0 });
    assert.equal(
      delta.format({ ...record, timestamp: 1_700_000_001.5, name: null, rank: 0 }),
      "[  +1.250000]  rx 0 > kvs.ping [2K]",
    );
  });
});
