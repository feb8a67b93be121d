import assert from "node:assert/strict";
import { chmod, readFile } from "node:fs/promises";
import { test } from "node:test";
import { SystemNames } from "../../../src/broker/index.ts";
import { TemporaryFolder } from "../../helpers/temporary-folder.ts";

const PASSWD = "ann:x:1001:100:Ann:/home/ann:/bin/sh\n2000:x:1002:100::/:/bin/sh\nbob:x:0x7:100::/:/bin/sh\n";
const GROUP = "ops:x:500:ann,bob\nempty:x:501:\n502:x:1:ann\n";

/** A getent in the place of the system's, which counts its runs in the file `runs` and knows what PASSWD and GROUP hold. */
const GETENT = `#!/bin/sh
dir=\${0%/*}
echo "$*" >>"$dir/runs"
case "$2" in
  slow) exec sleep 60 ;;
  broken) exit 3 ;;
esac
line=$(awk -F: -v key="$2" -v db="$1" '$1 == key || (db == "passwd" && $3 == key) || (db == "group" && $3 == key)' "$dir/$1" | head -n 1)
test -n "$line" || exit 2
echo "$line"
`;

async function fakeSystem(): Promise<TemporaryFolder> {
  const files = await TemporaryFolder.make({ passwd: PASSWD, group: GROUP, getent: GETENT, runs: "" });
  await chmod(files.of("getent"), 0o755);
  return files;
}

async function runsOf(files: TemporaryFolder): Promise<string[]> {
  return (await readFile(files.of("runs"), "utf8")).split("\n").filter((line) => line !== "");
}

test("getent says who is who, and the files where there is none", async () => {
  await using files = await fakeSystem();
  const directory = files.path;
  for (const getent of [files.of("getent"), files.of("nosuch")]) {
    const names = new SystemNames({ getent, directory });
    assert.equal(await names.useridOf("ann"), 1001);
    assert.equal(await names.useridOf("nobody-here"), undefined);
    assert.equal(await names.useridOf("bob"), undefined, "a user id that is no number");
    assert.equal(await names.nameOf(1001), "ann");
    assert.equal(await names.nameOf(9999), undefined);
    assert.deepEqual(await names.membersOf("ops"), new Set(["ann", "bob"]));
    assert.deepEqual(await names.membersOf("empty"), new Set());
    assert.equal(await names.membersOf("nosuch"), undefined);
  }
});

test("a number is nobody's name, unless somebody has that name", async () => {
  await using files = await fakeSystem();
  const directory = files.path;
  for (const getent of [files.of("getent"), files.of("nosuch")]) {
    const names = new SystemNames({ getent, directory });
    assert.equal(await names.useridOf("1001"), undefined);
    assert.equal(await names.membersOf("500"), undefined);
    assert.deepEqual(await names.membersOf("502"), new Set(["ann"]));
    assert.equal(await names.nameOf(2000), undefined, "the entry found has the number for a name");
  }
  const names = new SystemNames({ getent: files.of("getent") });
  const before = (await runsOf(files)).length;
  for (const name of ["", "-s", "--help", "a:b", "a\nb", "a\0b"])
    assert.equal(await names.useridOf(name), undefined, JSON.stringify(name));
  assert.equal((await runsOf(files)).length, before, "nothing was run for what can't be a name");
});

test("answers are kept for a while, questions asked together are asked once", async () => {
  await using files = await fakeSystem();
  const names = new SystemNames({ getent: files.of("getent") });
  assert.deepEqual(await Promise.all([names.useridOf("ann"), names.useridOf("ann")]), [1001, 1001]);
  await files.write("passwd", "");
  assert.equal(await names.useridOf("ann"), 1001);
  assert.equal(await names.useridOf("none"), undefined);
  assert.equal(await names.useridOf("none"), undefined);
  assert.deepEqual(await runsOf(files), ["passwd ann", "passwd none"]);
  const forgetful = new SystemNames({ getent: files.of("getent"), cacheMs: 0 });
  assert.equal(await forgetful.useridOf("ann"), undefined);
  await files.write("passwd", PASSWD);
  assert.equal(await forgetful.useridOf("ann"), 1001);
});

test("a lookup that fails or takes too long is a failure, and is tried again", async () => {
  await using files = await fakeSystem();
  const names = new SystemNames({ getent: files.of("getent") });
  await assert.rejects(names.useridOf("broken"));
  await assert.rejects(names.useridOf("broken"));
  assert.deepEqual(await runsOf(files), ["passwd broken", "passwd broken"]);
  const hasty = new SystemNames({ getent: files.of("getent"), timeoutMs: 50 });
  await assert.rejects(hasty.membersOf("slow"));
});

test("the system's own databases know root", async () => {
  const names = new SystemNames();
  assert.equal(await names.useridOf("root"), 0);
  assert.equal(await names.nameOf(0), "root");
});
