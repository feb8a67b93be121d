import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { test } from "node:test";
import { type FileLock, lockFile } from "../../../src/system/index.ts";
import { rejects } from "../../helpers/rejects.ts";
import { TemporaryFolder } from "../../helpers/temporary-folder.ts";

for (const byProgram of [false, true]) {
  const way = byProgram ? "by flock(1)" : "by flock(2)";
  const lockAt = async (path: string): Promise<FileLock> => {
    const lock = await lockFile(path, { byProgram });
    assert(typeof lock !== "number", `process ${lock} has ${path}`);
    return lock;
  };

  test(`${way}: one has the lock, the next is told who, and release leaves nothing`, async () => {
    await using folder = await TemporaryFolder.make();
    const path = folder.of("lock");
    const lock = await lockAt(path);
    assert.equal(readFileSync(path, "utf8"), `${process.pid}\n`);
    assert.equal(await lockFile(path, { byProgram }), process.pid);
    lock.release();
    lock.release();
    assert.equal(existsSync(path), false);
    (await lockAt(path)).release();
  });

  test(`${way}: a stopped process keeps its lock, a dead one has lost it`, async () => {
    await using folder = await TemporaryFolder.make();
    const path = folder.of("lock");
    const holder = spawn("flock", ["-x", "--no-fork", path, "sh", "-c", "echo up; read line"]);
    await once(holder.stdout, "data");
    holder.kill("SIGSTOP");
    assert.equal(await lockFile(path, { byProgram }), 0);
    holder.kill("SIGKILL");
    await once(holder, "exit");
    (await lockAt(path)).release();
  });

  test(`${way}: of many who try at once one gets it`, async () => {
    await using folder = await TemporaryFolder.make();
    const path = folder.of("lock");
    for (let round = 0; round < 5; round++) {
      const tries = await Promise.all(Array.from({ length: 4 }, () => lockFile(path, { byProgram })));
      const locks = tries.filter((got) => typeof got !== "number");
      assert.equal(locks.length, 1);
      locks[0]!.release();
    }
  });
}

test("what is not a file of this user with one name is no lock", async () => {
  await using folder = await TemporaryFolder.make();
  writeFileSync(folder.of("precious"), "precious");
  symlinkSync(folder.of("precious"), folder.of("link"));
  await rejects(lockFile(folder.of("link")), "ELOOP");
  linkSync(folder.of("precious"), folder.of("name"));
  await rejects(lockFile(folder.of("name")), "EPERM");
  assert.equal(readFileSync(folder.of("precious"), "utf8"), "precious");
  mkdirSync(folder.of("folder"));
  await rejects(lockFile(folder.of("folder")), "EISDIR");
  await rejects(lockFile(folder.of("missing/lock")), "ENOENT");
});

test("a lock whose file is exchanged is given up for the new file", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.of("lock");
  const lock = await lockFile(path);
  assert(typeof lock !== "number");
  renameSync(path, folder.of("elsewhere"));
  const next = await lockFile(path);
  assert(typeof next !== "number");
  lock.release();
  assert.equal(existsSync(path), true, "that of the next one");
  next.release();
});
