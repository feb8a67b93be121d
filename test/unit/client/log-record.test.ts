import assert from "node:assert/strict";
import { test } from "node:test";
import {
  encodeLogRecord,
  formatLogRecord,
  logLines,
  parseLogHeader,
  parseLogRecord,
} from "../../../src/client/index.ts";

const TIME = "2026-01-02T03:04:05.678901Z";
const RECORD = {
  level: "err",
  timestamp: TIME,
  rank: 3,
  appname: "app",
  procid: "1",
  message: "text",
} as const;

test("a record is read as it was written", () => {
  for (const record of [
    RECORD,
    { ...RECORD, message: "" },
    { ...RECORD, message: " - - [x] <1>\n" },
    { ...RECORD, msgid: "id", structuredData: '[a b="c d"][e]' },
    { ...RECORD, rank: Number.NaN, hostname: "node7" },
  ]) {
    assert.deepEqual(parseLogRecord(formatLogRecord(record)), record);
  }
  assert.equal(formatLogRecord(RECORD), `<24>1 ${TIME} 3 app 1 - - text`);
  assert.equal(Buffer.from(encodeLogRecord({ ...RECORD, message: "ü" })).at(-1), 0xbc);
});

test("fields that are too long are cut, so that the record stays one", () => {
  const text = formatLogRecord({
    ...RECORD,
    rank: 0,
    hostname: "h".repeat(300),
    appname: "a".repeat(60),
    procid: "p".repeat(200),
    msgid: "m".repeat(40),
  });
  const { hostname, appname, procid, msgid } = parseLogHeader(text)!;
  assert.deepEqual(
    [hostname, appname, procid, msgid].map((field) => field.length),
    [255, 48, 128, 32],
  );
});

test("text that is no record is none", () => {
  for (const text of [
    "",
    "garbage",
    `<24>1 ${TIME} 3 app 1 -`,
    `<24>1 ${TIME} 3 app 1 - -`,
    `<24>1 ${TIME} 3 app 1 - [open text`,
    `<24>1  3 app 1 - - text`,
    `<x>1 ${TIME} 3 app 1 - - text`,
    `24>1 ${TIME} 3 app 1 - - text`,
    `<24>1 ${TIME} 3 ${"a".repeat(600)} 1 - - text`,
  ]) {
    assert.equal(parseLogRecord(text), undefined, text);
  }
  assert.equal(parseLogHeader(`<64>1 ${TIME} 3 app 1 - - text`)?.severity, 8);
  assert.equal(parseLogRecord(`<64>1 ${TIME} 3 app 1 - - text`), undefined);
});

test("a message is a record a line; empty lines in it and behind it are none", () => {
  assert.deepEqual(logLines("one\n\r\n\ntwo\r\n"), ["one", "two"]);
  assert.deepEqual(logLines("\nlate"), ["", "late"]);
  assert.deepEqual(logLines(""), [""]);
  // In time that grows with the length alone.
  assert.equal(logLines(`${"\n".repeat(1_000_000)}x`).length, 2);
});
