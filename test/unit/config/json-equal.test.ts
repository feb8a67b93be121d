import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonEqual } from "../../../src/config/index.ts";
import { type JsonValue, parseJson } from "../../../src/json/index.ts";

const value = (text: string): JsonValue => parseJson(text, { reals: "keep" });

test("equal are the same members in any order, and no integer and real", () => {
  const table = [
    ['{"a":1,"b":[1,{"c":null}]}', '{"b":[1,{"c":null}],"a":1}', true],
    ['{"a":1}', '{"a":1.0}', false],
    ['{"a":1.0}', '{"a":1e0}', true],
    ['{"a":1.5}', '{"a":15e-1}', true],
    ['{"a":9007199254740993}', '{"a":9007199254740993}', true],
    ['{"a":9007199254740993}', '{"a":9007199254740992}', false],
    ['{"a":9007199254740992}', '{"a":9007199254740992.0}', false],
    ['{"a":1}', '{"a":1,"b":2}', false],
    ['{"a":1,"c":2}', '{"a":1,"b":2}', false],
    ["[1,2]", "[2,1]", false],
    ["[]", "{}", false],
    ['{"a":null}', "{}", false],
    ['{"a":"1"}', '{"a":1}', false],
    ['{"a":true}', '{"a":true}', true],
  ] as const;
  for (const [a, b, expected] of table) {
    assert.equal(jsonEqual(value(a), value(b)), expected, `${a} ${b}`);
    assert.equal(jsonEqual(value(b), value(a)), expected, `${b} ${a}`);
  }
  assert.equal(jsonEqual({ a: undefined }, {}), true);
});

test("values that nest as deep as JSON may", () => {
  const deep = (inner: string): string => `{"a":${'[{"b":'.repeat(1000)}${inner}${"}]".repeat(1000)}}`;
  assert.equal(jsonEqual(parseJson(deep("1")), parseJson(deep("1"))), true);
  assert.equal(jsonEqual(parseJson(deep("1")), parseJson(deep("2"))), false);
});
