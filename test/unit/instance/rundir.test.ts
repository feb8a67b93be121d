import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { RUNDIR_MAX, Rundir } from "../../../src/instance/index.ts";

describe("run directory", () => {
  let folder = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "fluxbus-rundir-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const open = (path: string | undefined): Promise<Rundir> =>
    Rundir.open({ attribute: "rundir", path, base: tmpdir() });
  const modeOf = (path: string): number => statSync(path).mode & 0o777;

  test("a new one without a path: private, and removed with what is in it", async () => {
    const rundir = await open(undefined);
    assert.equal(rundir.path.startsWith(join(tmpdir(), "flux-")), true);
    assert.deepEqual([rundir.made, modeOf(rundir.path)], [true, 0o700]);
    writeFileSync(join(rundir.path, "file"), "");
    await rundir.remove();
    assert.equal(existsSync(rundir.path), false);
  });

  test("a missing one is made and removed; one that is there stays as it is", async () => {
    const path = join(folder, "a");
    const made = await open(path);
    assert.deepEqual([made.path, made.made, modeOf(path)], [path, true, 0o700]);
    await made.remove();
    assert.equal(existsSync(path), false);
    mkdirSync(path, { mode: 0o750 });
    const kept = await open(path);
    assert.equal(kept.made, false);
    await kept.remove();
    assert.equal(modeOf(path), 0o750);
  });

  test("inside a sticky directory a new one is made", async () => {
    const sticky = join(folder, "sticky");
    mkdirSync(sticky);
    chmodSync(sticky, 0o1777);
    const rundir = await open(sticky);
    assert.match(rundir.path.slice(sticky.length), /^\/flux-[A-Za-z0-9]{6}$/);
    assert.deepEqual([rundir.made, modeOf(rundir.path)], [true, 0o700]);
    await rundir.remove();
    assert.deepEqual([existsSync(rundir.path), existsSync(sticky)], [false, true]);
  });

  test("refuses what can't be one", async () => {
    const readonly = join(folder, "readonly");
    mkdirSync(readonly, { mode: 0o500 });
    const file = join(folder, "file");
    writeFileSync(file, "");
    await assert.rejects(open(readonly), { code: "EPERM" });
    await assert.rejects(open(file), { code: "ENOTDIR" });
    await assert.rejects(open(join(file, "x")), { code: "ENOTDIR", message: /^rundir error creating / });
    await assert.rejects(open(join(folder, "no", "parent")), { code: "ENOENT" });
    const longest = `/${"a".repeat(RUNDIR_MAX - 1)}`;
    await assert.rejects(open(`${longest}a`), { code: "ENAMETOOLONG" });
    await assert.rejects(open(`/${"é".repeat(RUNDIR_MAX / 2)}`), { code: "ENAMETOOLONG" });
  });
  test("its link goes with it, also out of a directory that stays", async () => {
    const path = join(folder, "linked");
    mkdirSync(path, { mode: 0o700 });
    const rundir = await open(path);
    await rundir.link("/bin/true");
    await rundir.link("/bin/false");
    assert.equal(readlinkSync(join(path, "bin", "flux")), "/bin/true");
    await rundir.remove();
    assert.deepEqual([existsSync(join(path, "bin")), existsSync(path)], [false, true]);
  });

  test("the cleanup attribute decides whoever made it", async () => {
    const path = join(folder, "kept");
    const kept = await Rundir.open({ attribute: "statedir", path, base: folder, cleanup: "0" });
    await kept.remove();
    assert.equal(existsSync(path), true);
    const removed = await Rundir.open({ attribute: "statedir", path, base: folder, cleanup: "1" });
    await removed.remove();
    assert.equal(existsSync(path), false);
  });

  test("of a symbolic link that is to be cleaned up, only the link goes", async () => {
    const home = join(folder, "home");
    const link = join(folder, "link");
    mkdirSync(home, { mode: 0o700 });
    writeFileSync(join(home, "precious"), "");
    symlinkSync(home, link);
    const rundir = await Rundir.open({ attribute: "rundir", path: link, base: tmpdir(), cleanup: "1" });
    assert.deepEqual([rundir.path, rundir.made], [link, true]);
    await rundir.remove();
    assert.deepEqual([existsSync(link), existsSync(join(home, "precious"))], [false, true]);
  });

  test("what is in the place of the directory at the end stays", async () => {
    const path = join(folder, "exchanged");
    const rundir = await open(path);
    await rundir.link("/no/such/flux");
    renameSync(path, `${path}.old`);
    mkdirSync(join(path, "bin"), { recursive: true, mode: 0o700 });
    await rundir.remove();
    assert.equal(existsSync(join(path, "bin")), true);
    rmSync(path, { recursive: true });
    symlinkSync(`${path}.old`, path);
    await rundir.remove();
    assert.deepEqual([existsSync(path), existsSync(`${path}.old`)], [true, true]);
  });

  const asRoot = process.getuid?.() === 0 ? {} : { skip: "only root makes the link of another user" };
  test("a symbolic link of another user does not lead to one", asRoot, async () => {
    const home = join(folder, "owned");
    mkdirSync(join(home, "inner"), { recursive: true, mode: 0o700 });
    writeFileSync(join(home, "precious"), "");
    const evil = join(folder, "evil");
    symlinkSync(home, evil);
    lchownSync(evil, 65534, 65534);
    for (const path of [evil, `${evil}/inner`, `${evil}/new`]) {
      const opening = Rundir.open({ attribute: "rundir", path, base: tmpdir(), cleanup: "1" });
      const text = `rundir ${path}: ${evil} is a symbolic link of user 65534`;
      await assert.rejects(opening, { code: "EPERM", message: text });
    }
    // Nor does one that it leads on to.
    const own = join(folder, "own");
    symlinkSync(evil, own);
    await assert.rejects(open(own), { code: "EPERM" });
    assert.equal(existsSync(join(home, "precious")), true);
    assert.equal(existsSync(join(home, "new")), false);
  });
});
