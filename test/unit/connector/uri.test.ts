import assert from "node:assert/strict";
import { test } from "node:test";
import { ancestorLevels, DEFAULT_URI, parseUri } from "../../../src/connector/index.ts";

test("a URI is a scheme and a path", () => {
  const cases: [string, string, string | undefined][] = [
    ["local:///run/flux/local", "local", "/run/flux/local"],
    ["ssh://me@host:2222/tmp/x", "ssh", "me@host:2222/tmp/x"],
    ["loop://", "loop", ""],
    ["loop", "loop", undefined],
    ["local:/no/slashes", "local:/no/slashes", undefined],
    ["local:///a b \t ", "local", "/a b"],
    ["local://  /lead", "local", "  /lead"],
    ["a://b://c", "a", "b://c"],
    ["://x", "", "x"],
    ["", "", undefined],
  ];
  for (const [uri, scheme, path] of cases) assert.deepEqual(parseUri(uri), { scheme, path }, uri);
  assert.deepEqual(parseUri(DEFAULT_URI), { scheme: "local", path: "/run/flux/local" });
});

test("an ancestor path goes up a level for each ..", () => {
  const cases: [string, number | undefined][] = [
    [".", 0],
    ["./", 0],
    ["..", 1],
    ["../", 1],
    ["../..", 2],
    [".././..", 2],
    ["..//..", 2],
    ["/", Number.POSITIVE_INFINITY],
    ["local:///x/..", undefined],
    ["loop://", undefined],
    ["", undefined],
  ];
  for (const [uri, levels] of cases) assert.equal(ancestorLevels(uri), levels, uri);
});

test("other elements of an ancestor path are EINVAL and named", () => {
  for (const [uri, element] of [
    ["../foo", "foo"],
    ["/run/flux", "run"],
    ["...", "..."],
    ["./.. ", ".. "],
  ] as const) {
    assert.throws(() => ancestorLevels(uri), {
      code: "EINVAL",
      message: `${uri}: invalid URI path element '${element}'`,
    });
  }
});
