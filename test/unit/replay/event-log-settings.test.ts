import assert from "node:assert/strict";
import { resolve } from "node:path";
import { test } from "node:test";
import { AttributeTable } from "../../../src/broker/index.ts";
import type { JsonValue } from "../../../src/json/index.ts";
import { type EventLogSettings, readEventLogSettings } from "../../../src/replay/index.ts";

/** What attributes, `event-log.` left out of their names, and the table say. */
function read(given: Record<string, string> = {}, table?: JsonValue): EventLogSettings {
  const entries = Object.entries(given).map(([key, value]) => [`event-log.${key}`, value]);
  const config = table === undefined ? {} : { "event-log": table };
  return readEventLogSettings(new AttributeTable(Object.fromEntries(entries)), config);
}

test("without settings all is left to the defaults, and nothing is on disk", () => {
  assert.deepEqual(read(), { ring: {}, path: undefined, disk: {}, sync: false });
  assert.deepEqual(read({ path: "" }, {}), read());
});

test("what attributes say, what the table says, and attributes over the table", () => {
  const all = {
    path: "/var/lib/events",
    sync: true,
    "disk-events": 5000,
    "disk-bytes": "2G",
    "disk-age": "7d",
    "ring-events": "64K",
    "ring-bytes": "1.5M",
    "ring-age": 90,
  };
  const expected: EventLogSettings = {
    ring: { events: 65_536, bytes: 1_572_864, ageMs: 90_000 },
    path: "/var/lib/events",
    disk: { events: 5000, bytes: 2 ** 31, ageMs: 7 * 86_400_000 },
    sync: true,
  };
  assert.deepEqual(read({}, all), expected);
  const texts = Object.entries(all).map(([key, value]) => [key, String(value)]);
  assert.deepEqual(read(Object.fromEntries(texts)), expected);
  assert.deepEqual(read({ "ring-events": "7", sync: "0", path: "events" }, all), {
    ...expected,
    ring: { ...expected.ring, events: 7 },
    path: resolve("events"),
    sync: false,
  });
  assert.deepEqual(read({ path: "", sync: "false" }, all).path, undefined);
});

test("no events in the ring is no ring at all", () => {
  assert.equal(read({ "ring-events": "0" }).ring, null);
  assert.equal(read({}, { "ring-events": 0 }).ring, null);
  assert.equal(read({ "ring-age": "inf" }).ring?.ageMs, Number.POSITIVE_INFINITY);
});

test("a value that is none is refused with what is allowed", () => {
  const size = "a whole number from 1 on, with K, M or G behind it for powers of 1024";
  const age = "a duration above 0, such as 90s, 15m, 12h or 7d, or inf";
  const wrong: [settings: [Record<string, string>, JsonValue?], text: string][] = [
    [[{ "ring-bytes": "12Q" }], `event-log.ring-bytes: '12Q' is not ${size}`],
    [[{ "disk-bytes": "0" }], `event-log.disk-bytes: '0' is not ${size}`],
    [[{ "disk-events": "100E" }], `event-log.disk-events: '100E' is not ${size}`],
    [[{ "ring-events": "-1" }], `event-log.ring-events: '-1' is not 0 for no events at all, or ${size}`],
    [[{ "ring-age": "0" }], `event-log.ring-age: '0' is not ${age}`],
    [[{}, { "disk-age": "soon" }], `Config file error [event-log]: disk-age: 'soon' is not ${age}`],
    [[{}, { "disk-bytes": [1] }], `Config file error [event-log]: disk-bytes: '[1]' is not ${size}`],
    [[{}, { sync: "maybe" }], "Config file error [event-log]: sync: 'maybe' is not true or false"],
    [[{ sync: "1" }], "event-log.sync needs event-log.path, the folder that events are kept in"],
    [[{ path: "/x", "ring-events": "0" }], "event-log.path needs event-log.ring-events above 0"],
    [[{}, "on"], "Config file error [event-log]: must be a table"],
    [
      [{}, { sinc: true }],
      "Config file error [event-log]: unknown key 'sinc': there are disk-age, disk-bytes, disk-events, path, ring-age, ring-bytes, ring-events, sync",
    ],
  ];
  for (const [settings, message] of wrong)
    assert.throws(() => read(...settings), { code: "EINVAL", message }, message);
});
