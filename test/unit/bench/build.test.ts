import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { commandFile, entryPoint, openBuild, resolveExport } from "../../../bench/build.ts";
import { TemporaryFolder } from "../../helpers/temporary-folder.ts";

test("the target of an entry point is found as Node finds it", () => {
  const table = {
    ".": { types: "./dist/a.d.ts", default: "./dist/a.js" },
    "./plain": "./dist/plain.js",
    "./nested": { browser: "./no.js", node: { require: "./no.cjs", import: "./yes.js" }, default: "./no.js" },
    "./list": [{ types: "./no.d.ts" }, "./yes.js"],
    "./closed": null,
    "./types": { types: "./no.d.ts" },
  };
  const target = (subpath: string) => resolveExport(table, subpath);
  assert.equal(target("."), "./dist/a.js");
  assert.equal(target("./plain"), "./dist/plain.js");
  assert.equal(target("./nested"), "./yes.js");
  assert.equal(target("./list"), "./yes.js");
  for (const none of ["./closed", "./types", "./other", "toString"]) assert.equal(target(none), undefined);
  assert.equal(resolveExport("./main.js", "."), "./main.js");
  assert.equal(resolveExport({ default: "./main.js" }, "."), "./main.js");
  assert.equal(resolveExport("./main.js", "./main"), undefined);
  assert.equal(resolveExport(undefined, "."), undefined);
});

const CLI = "./out/cli.js";

function packageFile(name: string, main: string): string {
  return JSON.stringify({
    name,
    bin: { fluxbus: CLI },
    exports: { ".": { types: "./none.d.ts", default: main } },
  });
}

test("a build is found by its root or a folder in it, in whatever layout", async () => {
  await using folder = await TemporaryFolder.make({
    "package.json": packageFile("fluxbus", "./out/entry/all.js"),
    "out/entry/all.js": "",
  });
  for (const path of [folder.path, folder.of("out"), folder.of("out/entry")]) {
    const found = openBuild(path);
    assert.equal(found.root, folder.path);
    assert.equal(entryPoint(found, "."), folder.of("out/entry/all.js"));
    assert.equal(commandFile(found, "fluxbus"), join(folder.path, CLI));
  }
  assert.throws(() => entryPoint(openBuild(folder.path), "./broker"), /exports no '.\/broker'/);
  assert.throws(() => commandFile(openBuild(folder.path), "other"), /no command 'other'/);
});

test("a folder that is no build, or not the one of the exports, is refused", async () => {
  await using folder = await TemporaryFolder.make({
    "package.json": packageFile("fluxbus", "./dist/all.js"),
    "dist/all.js": "",
    "old/all.js": "",
    "stranger/package.json": packageFile("stranger", "./all.js"),
    "stranger/all.js": "",
    "unbuilt/package.json": packageFile("fluxbus", "./all.js"),
  });
  assert.throws(() => openBuild(folder.of("old")), /the exports of .* lead to .*dist.all\.js instead/);
  assert.throws(() => openBuild(folder.of("stranger")), /no package.json of fluxbus/);
  assert.throws(() => openBuild(folder.of("unbuilt")), /is not built: there is no .*unbuilt.all\.js/);
});
