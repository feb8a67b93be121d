import assert from "node:assert/strict";
import { utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { moduleOf } from "../../../src/module/definition.ts";
import { importModule, kindOf, nameOf, searchModule } from "../../../src/module/module-file.ts";
import { ModuleInstance } from "../../helpers/module-instance.ts";
import { TemporaryFolder } from "../../helpers/temporary-folder.ts";

test("a module's kind and name are its file's", () => {
  const kinds = ["/a/b.so", "b.so.0.0.0", "b.py", "b.js", "b.mjs", "b.cjs", "b.ts", "b.txt", "/c.so/b"].map(
    kindOf,
  );
  const exec = "module-exec";
  const node = "node";
  assert.deepEqual(kinds, [exec, exec, "module-python-exec", node, node, node, node, undefined, undefined]);
  assert.deepEqual(["/a/b.so.0.0.0", "x/job-list.mjs", "plain"].map(nameOf), ["b", "job-list", "plain"]);
});

test("names are searched by suffix, then by directory", async () => {
  await using files = await TemporaryFolder.make({
    "one/a.mjs": "",
    "one/b.js": "",
    "one/b.mjs": "",
    "one/c.so.1": "",
    "one/dx.so": "",
    "two/a.so": "",
    "two/b.js": "",
    "two/d.txt": "",
  });
  const path = [files.of("one"), "", files.of("missing"), files.of("two")].join(":");
  const found = await Promise.all(["a", "b", "c", "d", "e"].map((name) => searchModule(name, path)));
  assert.deepEqual(found, [
    files.of("two/a.so"),
    files.of("one/b.js"),
    files.of("one/c.so.1"),
    undefined,
    undefined,
  ]);
});

test("a name that every object has is no module", async () => {
  await using at = await ModuleInstance.start();
  for (const name of ["constructor", "__proto__", "toString"])
    await assert.rejects(at.load(name), { code: "ENOENT" }, name);
});

test("a module found by its name runs under it; a file that has changed is loaded anew", async () => {
  const source = (answer: number): string => `
    export default (flux, args, { serve }) => serve({ answer: () => ({ answer: ${answer} }) });`;
  await using files = await TemporaryFolder.make({ "counting.mjs": source(1), "other.mjs": source(3) });
  await using at = await ModuleInstance.start({}, { FLUX_MODULE_PATH: files.path });
  const answer = async () => (await at.flux.rpc("counting.answer"))["answer"];
  await at.load("counting");
  assert.equal((await at.listed("counting"))?.path, files.of("counting.mjs"));
  assert.equal(await answer(), 1);
  await at.remove("counting");
  await writeFile(files.of("counting.mjs"), source(2));
  await utimes(files.of("counting.mjs"), 1, 1);
  await at.load("counting");
  assert.equal(await answer(), 2);
});

test("what a file exports is a module, or said to be none", async () => {
  const main = () => {};
  assert.equal(typeof moduleOf({ default: main }).start, "function");
  assert.equal(typeof moduleOf({ mod_main: main }).start, "function");
  const module = { start: main };
  assert.equal(moduleOf({ default: module, mod_main: main }), module);
  for (const exports of [{}, { default: {} }, { default: { start: 1 } }, { mod_main: "x" }])
    assert.throws(() => moduleOf(exports), { code: "EINVAL", message: /exports neither/ });
  await assert.rejects(importModule(join(import.meta.dirname, "nosuch.mjs")), { code: "ENOENT" });
});
