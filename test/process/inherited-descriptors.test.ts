import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { FakeSsh } from "../helpers/fake-ssh.ts";
import { TemporaryFolder } from "../helpers/temporary-folder.ts";
import { FLUX_BROKER, MAIN } from "./cli-process.ts";

/** Beyond the sixteen that Node looks at, with a gap before it. */
const INHERITED = 77;

/** Runs a process of the package that inherits `lock` as descriptor 77; resolves to what it wrote, and its status. */
async function run(script: string, words: readonly string[], lock: string, env: NodeJS.ProcessEnv = {}) {
  const fd = openSync(lock, "w");
  const stdio = Array.from({ length: INHERITED + 1 }, (_, index) =>
    index === INHERITED ? fd : index === 0 || index > 2 ? ("ignore" as const) : ("pipe" as const),
  );
  const { FLUX_URI: _, ...inherited } = process.env;
  const child = spawn(process.execPath, [script, ...words], { stdio, env: { ...inherited, ...env } });
  closeSync(fd);
  let text = "";
  child.stdout!.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  let said = "";
  child.stderr!.setEncoding("utf8").on("data", (chunk: string) => {
    said += chunk;
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), 60_000);
  const [status] = (await once(child, "close")) as [number | null];
  clearTimeout(timer);
  return { text, said, status };
}

describe("descriptors that a broker inherits", () => {
  test("reach no process that is run for it: rexec, a module, rc1, rc3, a command", async () => {
    await using folder = await TemporaryFolder.make();
    const list = folder.of("list");
    // Each appends what its descriptors lead to, and what it is.
    writeFileSync(list, `#!/bin/sh\n{ echo "$1"; ls -l /proc/self/fd; } >> ${folder.of("seen")}\n`);
    chmodSync(list, 0o700);
    writeFileSync(
      folder.of("lister.mjs"),
      `import { execFileSync } from "node:child_process";
       export default () => { execFileSync("${list}", ["module"]); };`,
    );
    const cli = `"${process.execPath}" "${MAIN}"`;
    const script = `${list} command && ${cli} exec -r 0 ${list} rexec && ${cli} module load --exec ${folder.of("lister.mjs")} && ${cli} module remove lister`;
    const words = [
      "start",
      `-Sbroker.rc1_path=${list} rc1`,
      `-Sbroker.rc3_path=${list} rc3`,
      "--",
      "sh",
      "-c",
      script,
    ];
    const { said, status } = await run(MAIN, words, folder.of("the-lock"));
    assert.equal(status, 0, said);
    const seen = readFileSync(folder.of("seen"), "utf8");
    assert.deepEqual(seen.match(/^(rc1|command|rexec|module|rc3)$/gm), [
      "rc1",
      "command",
      "rexec",
      "module",
      "rc3",
    ]);
    assert.doesNotMatch(seen, /the-lock/);
  });

  test("reach no initial program of flux-broker, and no remote shell", async () => {
    await using folder = await TemporaryFolder.make();
    const lock = folder.of("the-lock");
    const words = ["-Sbroker.rc1_path=", "-Sbroker.rc3_path=", "ls", "-l", "/proc/self/fd"];
    const program = await run(FLUX_BROKER, words, lock);
    assert.equal(program.status, 0, program.said);
    assert.match(program.text, /\/proc\//);
    assert.doesNotMatch(program.text, /the-lock/);
    using ssh = new FakeSsh("ls -l /proc/self/fd >&2; exit 255");
    const remote = await run(MAIN, ["getattr", "--uri", "ssh://host/x", "size"], lock, {
      FLUX_SSH: ssh.path,
    });
    assert.match(remote.said, /\/proc\//);
    assert.doesNotMatch(remote.said, /the-lock/);
  });
});
