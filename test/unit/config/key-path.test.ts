import assert from "node:assert/strict";
import { test } from "node:test";
import { getPath, merge, removePath, setPath } from "../../../src/config/index.ts";

const CONFIG = { a: { b: { c: 1 }, list: [1] }, "a.b": 2, z: "text" };

test("a value at a dotted path", () => {
  assert.deepEqual(getPath(CONFIG, "a.b"), { c: 1 });
  assert.equal(getPath(CONFIG, "a.b.c"), 1);
  for (const path of ["x", "a.x", "z.x", "a.list.0", "toString", "a.b.c.d", "__proto__.constructor"])
    assert.equal(getPath(CONFIG, path), undefined, path);
  for (const path of ["", ".a", "a.", "a..b"])
    assert.throws(() => getPath(CONFIG, path), { code: "EINVAL", message: "Invalid argument" }, path);
});

test("setting and removing leave the original alone", () => {
  const before = structuredClone(CONFIG);
  assert.deepEqual(setPath(CONFIG, "a.b.d", true), { ...CONFIG, a: { b: { c: 1, d: true }, list: [1] } });
  assert.deepEqual(setPath({}, "x.y", { k: 1 }), { x: { y: { k: 1 } } });
  assert.deepEqual(setPath(CONFIG, "a", 5), { a: 5, "a.b": 2, z: "text" });
  assert.deepEqual(Object.keys(setPath(CONFIG, "a", 5)), ["a", "a.b", "z"]);
  assert.deepEqual(removePath(CONFIG, "a.b.c"), { ...CONFIG, a: { b: {}, list: [1] } });
  assert.deepEqual(removePath(CONFIG, "z"), { a: CONFIG.a, "a.b": 2 });
  assert.deepEqual(removePath(CONFIG, "no.such"), CONFIG);
  assert.deepEqual(removePath(CONFIG, "z.such"), CONFIG);
  assert.throws(() => setPath(CONFIG, "z.x.y", 1), { code: "EINVAL", message: "z is no table" });
  assert.throws(() => setPath(CONFIG, "a.list.x", 1), { code: "EINVAL", message: "a.list is no table" });
  assert.throws(() => setPath(CONFIG, "a.", 1), { code: "EINVAL" });
  assert.throws(() => removePath(CONFIG, "a..b"), { code: "EINVAL" });
  assert.deepEqual(CONFIG, before);
  assert.deepEqual(Object.keys(setPath({}, "__proto__.x", 1)), ["__proto__"]);
  assert.equal(({} as { x?: number }).x, undefined);
});

test("merging: tables member by member, all else as a whole", () => {
  assert.deepEqual(merge(CONFIG, { a: { b: { d: 2 }, list: [9] }, z: { k: 1 }, new: null }), {
    a: { b: { c: 1, d: 2 }, list: [9] },
    "a.b": 2,
    z: { k: 1 },
    new: null,
  });
  assert.deepEqual(merge({ a: { b: 1 } }, { a: 3 }), { a: 3 });
});
