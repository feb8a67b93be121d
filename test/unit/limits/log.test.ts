import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { AttributeTable } from "../../../src/broker/index.ts";
import { FOLLOW_BYTES, LogBuffer } from "../../../src/broker/log-buffer.ts";
import { LogFollower, MOST_RECORDS } from "../../../src/broker/log-follower.ts";
import {
  LOG_RECORD_BYTES,
  LOG_RING_BYTES,
  LOG_RING_SIZE,
  readLogSettings,
} from "../../../src/broker/log-settings.ts";
import { LOG_SUMMARY, LogSummary } from "../../../src/client/log-summary.ts";
import { LimitedLog, QUIET_MS } from "../../../src/overlay/transport-log.ts";

const HEAD = "<24>1 2026-01-02T03:04:05.678901Z 0 x 1 - - ";

function logOf(): LogBuffer {
  return new LogBuffer({ rank: 0, settings: readLogSettings(new AttributeTable(), 0) });
}

test("the log keeps its records and its bytes, and cuts a record", () => {
  const log = logOf();
  for (let index = 0; index < LOG_RING_SIZE + 10; index++) log.append(Buffer.from(`${HEAD}${index}`));
  assert.equal(log.ring.used, LOG_RING_SIZE);
  const longest = Buffer.from(HEAD.padEnd(LOG_RECORD_BYTES, "y"));
  log.append(longest);
  log.append(Buffer.from(HEAD.padEnd(LOG_RECORD_BYTES + 1, "y")));
  const [whole, cut] = log.ring.records().slice(-2);
  assert.deepEqual(Buffer.from(whole!), longest);
  assert.match(Buffer.from(cut!).toString().slice(-50), /… \[cut: \d+ bytes\]$/);
  const fit = LOG_RING_BYTES / LOG_RECORD_BYTES;
  for (let index = 0; index < fit + 10; index++) log.append(longest);
  assert.deepEqual([log.ring.used, log.ring.bytes], [fit, LOG_RING_BYTES]);
});

test("a follower of the log has its records and its bytes waiting", async () => {
  const lost: number[] = [];
  const follower = new LogFollower(Number.POSITIVE_INFINITY, (count) => {
    lost.push(count);
    return new Uint8Array(0);
  });
  for (let index = 0; index < MOST_RECORDS + 3; index++) follower.push(new Uint8Array(1));
  await follower.next();
  assert.deepEqual(lost, [3]);
  const log = logOf();
  const waiting = log.follower();
  const record = new Uint8Array(FOLLOW_BYTES / 16);
  for (let index = 0; index < 16 + 2; index++) waiting.push(record);
  await waiting.next();
  assert.equal(log.counts.dropped, 2);
});

test("lines that others cause are written up to their numbers", () => {
  const { intervalMs, burst, maxLines, maxKeys, maxSummaries, maxTextLength } = LOG_SUMMARY;
  const start = () => {
    const lines: string[] = [];
    const timers: { readonly ms: number; readonly call: () => void }[] = [];
    const clock = {
      now: () => 0,
      after: (ms: number, call: () => void) => {
        timers.push({ ms, call });
        return () => {};
      },
    };
    return { lines, timers, summary: new LogSummary({ write: (_level, text) => lines.push(text), clock }) };
  };
  const one = start();
  for (let index = 0; index < burst + 2; index++) one.summary.report("err", "text", { kind: "kind" });
  assert.equal(one.lines.length, burst);
  const many = start();
  for (let userid = 0; userid < maxKeys + 10; userid++)
    for (let index = 0; index < 2; index++)
      many.summary.report("err", "y".repeat(2 * maxTextLength), { kind: "kind", userid });
  assert.deepEqual([many.lines.length, many.summary.size], [maxLines, maxKeys]);
  assert.equal(many.lines[0]?.length, maxTextLength);
  const [timer] = many.timers;
  assert.equal(timer!.ms, intervalMs);
  timer!.call();
  assert.equal(many.lines.length, maxLines + maxSummaries + 1);
});

test("lines about peers are written once in their time", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const lines: string[] = [];
    const log = new LimitedLog((_level, text) => lines.push(text));
    for (let index = 0; index < 3; index++) log.note("refused");
    mock.timers.tick(QUIET_MS - 1);
    assert.deepEqual(lines, ["refused"]);
    mock.timers.tick(1);
    assert.deepEqual(lines, ["refused", "refused (2 more)"]);
  } finally {
    mock.timers.reset();
  }
});
