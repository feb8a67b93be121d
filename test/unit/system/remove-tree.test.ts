import assert from "node:assert/strict";
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { test } from "node:test";
import { folderIdentity, removeTree } from "../../../src/system/index.ts";
import { rejects } from "../../helpers/rejects.ts";
import { TemporaryFolder } from "../../helpers/temporary-folder.ts";

test("a folder goes with all in it, and no link is followed", async () => {
  await using folder = await TemporaryFolder.make({
    "home/precious": "x",
    "tree/a/b/file": "",
    "tree/c": "",
  });
  const tree = folder.of("tree");
  symlinkSync(folder.of("home"), `${tree}/a/link`);
  symlinkSync("nowhere", `${tree}/dangling`);
  writeFileSync(Buffer.concat([Buffer.from(`${tree}/`), Buffer.of(0xff, 0xfe)]), "no UTF-8");
  assert.equal(await removeTree(tree), true);
  assert.deepEqual(readdirSync(folder.path), ["home"]);
  assert.deepEqual(readdirSync(folder.of("home")), ["precious"]);
  assert.equal(await removeTree(tree), true, "one that is gone");
});

test("a link in the place of the folder stays, with what it leads to", async () => {
  await using folder = await TemporaryFolder.make({ "home/precious": "x" });
  symlinkSync(folder.of("home"), folder.of("link"));
  assert.equal(await removeTree(folder.of("link")), false);
  assert.deepEqual(readdirSync(folder.of("home")), ["precious"]);
  await rejects(folderIdentity(folder.of("link")), "ENOTDIR");
  await rejects(folderIdentity(folder.of("missing")), "ENOENT");
});

test("another folder in the place of the one that is meant stays", async () => {
  await using folder = await TemporaryFolder.make({ "home/precious": "x" });
  mkdirSync(folder.of("made"));
  const identity = await folderIdentity(folder.of("made"));
  renameSync(folder.of("made"), folder.of("elsewhere"));
  renameSync(folder.of("home"), folder.of("made"));
  assert.equal(await removeTree(folder.of("made"), identity), false);
  assert.equal(existsSync(folder.of("made/precious")), true);
  assert.equal(await removeTree(folder.of("elsewhere"), identity), true);
});

const asRoot = process.getuid?.() === 0 ? {} : { skip: "only root has folders of two users" };

test("another user's folder stays", asRoot, async () => {
  await using folder = await TemporaryFolder.make({ "other/file": "x" });
  chownSync(folder.of("other"), 65534, 65534);
  assert.equal(await removeTree(folder.of("other")), false);
  assert.equal(existsSync(folder.of("other/file")), true);
});
