import assert from "node:assert/strict";
import { test } from "node:test";
import { type Locate, parseToml } from "../../../src/config/toml.ts";
import { stringifyJson } from "../../../src/json/index.ts";

const locate: Locate = (line, text) => `${line ?? "-"}: ${text}`;
const json = (toml: string): string => stringifyJson(parseToml(toml, locate));

test("TOML becomes the JSON text that flux-core makes of it", () => {
  const table = [
    ["", "{}"],
    ["a=1.0\nb=1e3\nc=3\ne=-0.0\nf=1e100\ng=2.5", '{"a":1.0,"b":1000.0,"c":3,"e":-0.0,"f":1e100,"g":2.5}'],
    ["d=9223372036854775807\ne=-9223372036854775808", '{"d":9223372036854775807,"e":-9223372036854775808}'],
    ["a=9007199254740993\nb=+99\nc=1_000\nd=0x10", '{"a":9007199254740993,"b":99,"c":1000,"d":16}'],
    ['"a.b"=1\na.b=2', '{"a.b":1,"a":{"b":2}}'],
    ["[[h]]\na=1\n[[h]]\na=2\n", '{"h":[{"a":1},{"a":2}]}'],
    ['x = [ { a=1 }, { } ]\ny=[]\nz=[[1],["a"]]', '{"x":[{"a":1},{}],"y":[],"z":[[1],["a"]]}'],
    ["x = { a=1, b.c=2 }", '{"x":{"a":1,"b":{"c":2}}}'],
    ["a=1\r\nb=false\r\nc='é'", '{"a":1,"b":false,"c":"é"}'],
    ["a=1979-05-27T07:32:00Z", '{"a":{"iso-8601-ts":"1979-05-27T07:32:00Z"}}'],
    ["a=1979-05-27T00:32:00-07:00", '{"a":{"iso-8601-ts":"1979-05-27T00:32:00Z"}}'],
    ["a=1979-05-27 00:32:00.999", '{"a":{"iso-8601-ts":"1979-05-27T00:32:00Z"}}'],
  ] as const;
  for (const [toml, expected] of table) assert.equal(json(toml), expected, toml);
});

test("members with the names of what objects inherit are members", () => {
  const config = parseToml("[__proto__]\nadmin=true\n[constructor]\nx=1", locate);
  assert.equal(stringifyJson(config), '{"__proto__":{"admin":true},"constructor":{"x":1}}');
  assert.equal(({} as { admin?: boolean }).admin, undefined);
});

test("what is no TOML is refused with its line", () => {
  const table = [
    ["[boot]\nbad-toml\n", 2],
    ["x=1\nx=2\n", 2],
    ["[a]\nx=1\n[a]\n", 3],
    ['\na = "unterminated\n', 2],
    ["x x x\n", 1],
    ["# fine\n\na = [1 2]\n", 3],
    ["# no end\n\na = [1,\n", 4],
    ["[whoops", 1],
    ["a = 07", 1],
  ] as const;
  for (const [toml, line] of table)
    assert.throws(
      () => parseToml(toml, locate),
      { code: "EINVAL", message: new RegExp(`^${line}: [^\\n]+$`) },
      toml,
    );
});

test("values that no configuration can hold are refused by their path", () => {
  const table = [
    ["a.b=inf", "-: a.b is Infinity, which JSON has not"],
    ["a=[0.5, nan]", "-: a[1] is NaN, which JSON has not"],
    ["a=9223372036854775808", "-: a does not fit into 64 bits"],
    ["a=-9223372036854775809", "-: a does not fit into 64 bits"],
    ["a=1979-05-27", "-: a is no date with time from 1970 on"],
    ["a=07:32:00", "-: a is no date with time from 1970 on"],
    ["a=1969-12-31T23:59:59Z", "-: a is no date with time from 1970 on"],
    ['[[h]]\na="x\\u0000y"', "-: h[0].a has a NUL"],
    ['[t]\n"a\\u0000b"=1', "-: t has a NUL in a key"],
  ] as const;
  for (const [toml, message] of table)
    assert.throws(() => parseToml(toml, locate), { code: "EINVAL", message }, toml);
});
