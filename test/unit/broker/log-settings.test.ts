import assert from "node:assert/strict";
import { test } from "node:test";
import { AttributeTable, Broker } from "../../../src/broker/index.ts";
import { readLogSettings } from "../../../src/broker/log-settings.ts";

const read = (attributes: Record<string, string>, rank = 0) =>
  readLogSettings(new AttributeTable(attributes), rank);

test("attributes that are missing get their defaults", () => {
  const table = new AttributeTable();
  assert.deepEqual(readLogSettings(table, 0), {
    filename: undefined,
    level: 7,
    stderrLevel: 3,
    forwardLevel: 3,
    criticalLevel: 2,
    ringSize: 1024,
    ringBytes: 8388608,
    recordBytes: 131072,
    syslog: false,
    stderrMode: "leader",
  });
  assert.deepEqual(Object.fromEntries(table.names().map((name) => [name, table.get(name)])), {
    "log-level": "7",
    "log-stderr-level": "3",
    "log-forward-level": "3",
    "log-critical-level": "2",
    "log-syslog-level": "3",
    "log-ring-size": "1024",
    "log-ring-bytes": "8388608",
    "log-record-bytes": "131072",
    "log-syslog-enable": "0",
    "log-stderr-mode": "leader",
  });
});

test("values that are given are taken", () => {
  const settings = read({
    "log-level": "0",
    "log-stderr-level": "-1",
    "log-forward-level": " +7",
    "log-critical-level": "-2147483647",
    "log-ring-size": "0",
    "log-ring-bytes": "64K",
    "log-record-bytes": "1M",
    "log-syslog-enable": "1",
    "log-stderr-mode": "local",
    "log-filename": "f",
  });
  assert.deepEqual(settings, {
    filename: "f",
    level: 0,
    stderrLevel: -1,
    forwardLevel: 7,
    criticalLevel: -2147483647,
    ringSize: 0,
    ringBytes: 65536,
    recordBytes: 1048576,
    syslog: true,
    stderrMode: "local",
  });
});

test("values that are none are refused, with the name", () => {
  const levels = [
    "log-level",
    "log-stderr-level",
    "log-forward-level",
    "log-critical-level",
    "log-syslog-level",
  ];
  const cases: [name: string, values: string[], text: string][] = [
    ...levels.map((name): [string, string[], string] => [
      name,
      ["", "8", "err", "5xx", "1.5"],
      `${name}: Invalid argument`,
    ]),
    ["log-ring-size", ["", "-1", "4xx", "many"], "log-ring-size: Invalid argument"],
    ["log-ring-bytes", ["", "-1", "4xx", "1E"], "log-ring-bytes: Invalid argument"],
    ["log-record-bytes", ["", "0", "1023", "1048577", "long"], "log-record-bytes: Invalid argument"],
    ["log-syslog-enable", ["2", "-1"], "log-syslog-enable: value must be 0 or 1"],
    ["log-syslog-enable", ["", "yes"], "getattr log-syslog-enable: Invalid argument"],
    ["log-stderr-mode", ["", "wrong", "LOCAL"], "getattr log-stderr-mode: Invalid argument"],
  ];
  for (const [name, values, message] of cases)
    for (const value of values) assert.throws(() => read({ [name]: value }), { code: "EINVAL", message });
});

test("an attribute without a value is refused; a file without a name is none", () => {
  const table = new AttributeTable();
  table.define("log-syslog-enable", undefined);
  assert.throws(() => readLogSettings(table, 0), { message: "getattr log-syslog-enable: Invalid argument" });
  const nameless = new AttributeTable();
  nameless.define("log-filename", undefined);
  assert.equal(readLogSettings(nameless, 0).filename, undefined);
});

test("the file is rank 0's alone", () => {
  const table = new AttributeTable({ "log-filename": "f" });
  assert.equal(readLogSettings(table, 1).filename, undefined);
  assert.deepEqual([table.has("log-filename"), table.get("log-filename")], [true, undefined]);
});

test("syslog is not to be had, and the log says so", async () => {
  const lines: string[] = [];
  const attributes = { "log-syslog-enable": "1", "log-stderr-level": "4" };
  await using broker = await Broker.start({ attributes, printLog: (line) => lines.push(line) });
  assert.match(lines[0] ?? "", /broker\.warning\[0\]: log-syslog-enable: syslog is not supported$/);
  assert.equal(broker.attributes.get("log-syslog-enable"), "1");
});
