import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
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

  const modeOf = (path: string): number => statSync(path).mode & 0o777;

  test("a new one without a path: private, and removed with what is in it", async () => {
    const rundir = await Rundir.open();
    assert.equal(rundir.path.startsWith(join(tmpdir(), "flux-")), true);
    assert.deepEqual([rundir.made, modeOf(rundir.path)], [true, 0o700]);
    writeFileSync(join(rundir.path, "file"), "");
    await rundir.remove();
    assert.equal(existsSync(rundir.path), false);
  });

  test("a missing one is made and removed; one that is there stays as it is", async () => {
    const path = join(folder, "a");
    const made = await Rundir.open(path);
    assert.deepEqual([made.path, made.made, modeOf(path)], [path, true, 0o700]);
    await made.remove();
    assert.equal(existsSync(path), false);
    mkdirSync(path, { mode: 0o750 });
    const kept = await Rundir.open(path);
    assert.equal(kept.made, false);
    await kept.remove();
    assert.equal(modeOf(path), 0o750);
  });

  test("inside a sticky directory a new one is made", async () => {
    const sticky = join(folder, "sticky");
    mkdirSync(sticky);
    chmodSync(sticky, 0o1777);
    const rundir = await Rundir.open(sticky);
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
    await assert.rejects(Rundir.open(readonly), { code: "EPERM" });
    await assert.rejects(Rundir.open(file), { code: "ENOTDIR" });
    await assert.rejects(Rundir.open(join(file, "x")), { code: "ENOTDIR" });
    await assert.rejects(Rundir.open(join(folder, "no", "parent")), { code: "ENOENT" });
    const longest = `/${"a".repeat(RUNDIR_MAX - 1)}`;
    await assert.rejects(Rundir.open(`${longest}a`), { code: "ENAMETOOLONG" });
    await assert.rejects(Rundir.open(`/${"é".repeat(RUNDIR_MAX / 2)}`), { code: "ENAMETOOLONG" });
  });
});
