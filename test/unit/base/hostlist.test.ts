import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeHostlist } from "../../../src/base/index.ts";

test("the hosts of a list, in its order", () => {
  const table: readonly (readonly [string, readonly string[]])[] = [
    ["", []],
    ["a", ["a"]],
    [",a,,b,", ["a", "b"]],
    ["foo[1,3]-bar", ["foo1-bar", "foo3-bar"]],
    ["[00-03]p", ["00p", "01p", "02p", "03p"]],
    ["p[00-3]p", ["p00p", "p01p", "p02p", "p03p"]],
    ["n[8-11],x", ["n8", "n9", "n10", "n11", "x"]],
    ["r[1-2]n[1-2]", ["r1n1", "r1n2", "r2n1", "r2n2"]],
    ["n[08-10,2]x", ["n08x", "n09x", "n10x", "n2x"]],
    ["a[5,1]", ["a5", "a1"]],
    ["14636", ["14636"]],
  ];
  for (const [text, hosts] of table) assert.deepEqual(decodeHostlist(text), hosts, text);
  assert.equal(decodeHostlist("foo[0-1048575]")!.length, 1 << 20);
});

test("what is no list", () => {
  const texts =
    "[] foo[] foo[ foo[1,3 foo[[1,3] foo] foo[x-y] foo[0-1,2--5] foo[3-1] foo[1,] a]b[1 foo[0-254}";
  for (const text of [...texts.split(" "), "foo[0-1048576]", "a,foo[0-1048575]", "a[0-9999]b[0-999]"])
    assert.equal(decodeHostlist(text), undefined, text);
});

test("numbers that can't be counted are refused instead of counted for ever", () => {
  const huge = "9".repeat(400);
  for (const range of [`${huge}-${huge}`, huge, "9007199254740992-9007199254740994"])
    assert.equal(decodeHostlist(`n[${range}]`), undefined, range.slice(0, 20));
});
