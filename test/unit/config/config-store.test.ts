import assert from "node:assert/strict";
import { test } from "node:test";
import { FluxError } from "../../../src/base/index.ts";
import { ConfigStore } from "../../../src/config/index.ts";
import type { JsonObject } from "../../../src/json/index.ts";
import { rejects } from "../../helpers/rejects.ts";
import { TemporaryFolder } from "../../helpers/temporary-folder.ts";

/** A listener that writes down what it is told, and refuses what has a key of its name. */
function listenAs(store: ConfigStore, name: string, told: string[]): () => void {
  return store.listen(name, async (config: JsonObject) => {
    told.push(`${name} ${JSON.stringify(config)}`);
    if (name in config) throw new FluxError("ERANGE", "not that");
  });
}

test("an update is asked of all listeners in their order, and then holds", async () => {
  const store = new ConfigStore({ config: { x: 0 } });
  const told: string[] = [];
  const seen: JsonObject[] = [];
  listenAs(store, "a", told);
  const leave = listenAs(store, "b", told);
  const unwatch = store.watch((config) => seen.push(config));
  assert.equal(await store.update({ x: 1 }), true);
  assert.deepEqual(told.splice(0), ['a {"x":1}', 'b {"x":1}']);
  assert.deepEqual(store.current, { x: 1 });
  leave();
  assert.equal(await store.update({ x: 1 }), false, "what is equal is no update");
  await store.update({ x: 2 });
  unwatch();
  await store.update({ x: 3 });
  assert.deepEqual(told, ['a {"x":2}', 'a {"x":3}']);
  assert.deepEqual(seen, [{ x: 1 }, { x: 2 }]);
  assert.throws(() => listenAs(store, "a", told), { code: "EEXIST" });
});

test("when one refuses all is as before, and those who agreed are told", async () => {
  const warnings: string[] = [];
  const store = new ConfigStore({ config: { x: 0 }, warn: (text) => warnings.push(text) });
  const told: string[] = [];
  const seen: JsonObject[] = [];
  for (const name of ["a", "b", "c"]) listenAs(store, name, told);
  store.watch((config) => seen.push(config));
  await rejects(store.update({ b: 1 }), "ERANGE", "error updating b: not that");
  assert.deepEqual(told, ['a {"b":1}', 'b {"b":1}', 'a {"x":0}']);
  assert.deepEqual(store.current, { x: 0 });
  assert.deepEqual(seen, []);
  assert.deepEqual(warnings, []);
});

test("one who won't go back is logged; one who has left is not asked", async () => {
  const warnings: string[] = [];
  const store = new ConfigStore({ config: { x: 0 } });
  store.logTo((text) => warnings.push(text));
  const told: JsonObject[] = [];
  store.listen("stubborn", (config) => {
    if ("x" in config) throw new Error("won't go back");
  });
  const leave = store.listen("leaver", (config) => {
    told.push(config);
  });
  store.listen("late", () => {
    leave();
    throw new Error("no");
  });
  await rejects(store.update({ y: 1 }), "EIO", "error updating late: no");
  assert.deepEqual(warnings, ["error reverting stubborn: won't go back"]);
  assert.deepEqual(told, [{ y: 1 }]);
});

test("updates don't overlap, and a failed one does not stop the next", async () => {
  const store = new ConfigStore();
  const told: string[] = [];
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  store.listen("slow", async (config) => {
    told.push(`in ${JSON.stringify(config)}`);
    await gate;
    told.push("out");
    if ("bad" in config) throw new Error("bad");
  });
  const updates = [store.update({ a: 1 }), store.update({ bad: 1 }), store.update({ b: 1 })];
  const ends = Promise.allSettled(updates);
  open();
  assert.deepEqual(
    (await ends).map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled"],
  );
  assert.deepEqual(told, ['in {"a":1}', "out", 'in {"bad":1}', "out", 'in {"b":1}', "out"]);
  assert.deepEqual(store.current, { b: 1 });
});

test("a reload reads the path again; what it can't read changes nothing", async () => {
  await using files = await TemporaryFolder.make({ "a.toml": "a=1" });
  const store = new ConfigStore({ path: files.path });
  assert.equal(await store.reload(), true);
  assert.deepEqual(store.current, { a: 1 });
  await files.write("a.toml", "a");
  const error = await rejects(store.reload(), "EINVAL");
  assert.match(error.message, /^Config file error: .*\/a\.toml:1: /);
  assert.deepEqual(store.current, { a: 1 });
});
