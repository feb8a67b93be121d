import assert from "node:assert/strict";
import { test } from "node:test";
import { type ConfigType, configType } from "../../../src/cli/config-type.ts";
import { asType, parseAs, typeOf } from "../../../src/cli/config-value.ts";
import { type JsonValue, real, stringifyJson } from "../../../src/json/index.ts";

const text = (value: JsonValue): string => stringifyJson(value, { any: true });

test("types have names in letters of any case", () => {
  assert.equal(configType("Fsd-Integer"), "fsd-integer");
  assert.equal(configType("oops"), undefined);
});

test("the type of a value", () => {
  const table: readonly (readonly [JsonValue, string])[] = [
    [{}, "object"],
    [[], "array"],
    ["", "string"],
    [1, "integer"],
    [2n ** 62n, "integer"],
    [real(1), "real"],
    [1.5, "real"],
    [2 ** 60, "real"],
    [false, "boolean"],
    [null, "null"],
  ];
  for (const [value, type] of table) assert.equal(typeOf(value), type, text(value));
});

test("a value as a type: itself, or the seconds of a duration", () => {
  assert.equal(asType("50s", "string"), "50s");
  assert.equal(asType("50s", "fsd"), "50s");
  assert.equal(asType("1.5m", "fsd-integer"), 90);
  assert.equal(asType("1500ms", "fsd-integer"), 1);
  assert.equal(text(asType("50s", "fsd-real")!), "50.0");
  assert.equal(text(asType("1500ms", "fsd-real")!), "1.5");
  assert.equal(asType(real(3), "any")!.toString(), "3.0");
  const misfits: readonly (readonly [JsonValue, ConfigType])[] = [
    ["meep", "fsd"],
    [50, "fsd"],
    ["inf", "fsd-integer"],
    [real(1), "integer"],
    [1, "real"],
    [null, "object"],
    ["x", "boolean"],
  ];
  for (const [value, type] of misfits) assert.equal(asType(value, type), undefined, `${text(value)} ${type}`);
});

test("words as values", () => {
  const table = [
    ["x=y z", "string", '"x=y z"'],
    ["", "string", '""'],
    ['"a\\n"', "string", '"a\\n"'],
    ["42", "integer", "42"],
    ["-0x10", "integer", "-16"],
    ["010", "integer", "8"],
    ["0", "integer", "0"],
    ["9223372036854775807", "integer", "9223372036854775807"],
    ["3", "real", "3.0"],
    ["3.14", "real", "3.1400000000000001"],
    ["1e3", "real", "1000.0"],
    ["true", "boolean", "true"],
    ["0", "boolean", "false"],
    ["45m", "fsd", '"45m"'],
    ["[1,2.0]", "array", "[1,2.0]"],
    ['{"a":{}}', "object", '{"a":{}}'],
    ["7", "any", "7"],
    ["word", "any", '"word"'],
  ] as const;
  for (const [word, type, expected] of table)
    assert.equal(text(parseAs(word, type)), expected, `${word} ${type}`);
  const misfits = [
    ['"hello', "string"],
    ['"a" b', "string"],
    ["hello", "integer"],
    ["1.0", "integer"],
    ["09", "integer"],
    ["9223372036854775808", "integer"],
    ["", "integer"],
    ["hello", "real"],
    ["inf", "real"],
    ["1x", "real"],
    ["", "real"],
    ["maybe", "boolean"],
    ["", "boolean"],
    ["hello", "fsd"],
    ["[1 2]", "array"],
    ["{}", "array"],
    ["{foo}", "object"],
    ["null", "object"],
  ] as const;
  for (const [word, type] of misfits) {
    assert.throws(() => parseAs(word, type), {
      status: 2,
      message: `${JSON.stringify(word)} is no value of type ${type}`,
    });
  }
});
