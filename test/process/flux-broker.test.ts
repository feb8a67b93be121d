import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { connect } from "../../src/connect/index.ts";
import { until } from "../helpers/until.ts";
import { CliProcess, FLUX_BROKER, fluxbus, MAIN } from "./cli-process.ts";

const CLI = `"${process.execPath}" "${MAIN}"`;
const NO_RC = ["-Sbroker.rc1_path=", "-Sbroker.rc3_path="];

describe("flux-broker", () => {
  let folder = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "fluxbus-broker-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  const start = (words: readonly string[], env: Record<string, string> = {}) =>
    new CliProcess(words, { script: FLUX_BROKER, env: { TMPDIR: folder, ...env } });
  const run = (words: readonly string[], env?: Record<string, string>) => start(words, env).outcome;

  test("fluxbus --exec-path names the folder of an executable that runs it", async () => {
    const { stdout, status } = await fluxbus(["--exec-path"]);
    assert.equal(status, 0);
    const file = join(stdout.trimEnd(), "flux-broker");
    assert.equal(statSync(file).mode & 0o111, 0o111);
    assert.match(readFileSync(file, "utf8"), /^#!\/usr\/bin\/env node\n/);
    const { PATH } = process.env;
    const env = { PATH: PATH!, TMPDIR: folder, SHELL: "/bin/sh" };
    const ran = spawnSync(file, [...NO_RC, "echo $FLUX_URI"], { env, encoding: "utf8", timeout: 20_000 });
    assert.match(ran.stdout, new RegExp(`^local://${folder}/flux-\\w{6}/local-0\n$`), ran.stderr);
  });

  test("runs rc1, the initial program, cleanup commands and rc3, and leaves nothing behind", async () => {
    const push = `${CLI} rpc runat.push '{"name":"cleanup","commands":["echo clean"]}'`;
    const { status, stdout, stderr } = await run([
      "-Slog-stderr-level=6",
      "-Sbroker.rc1_path=echo one",
      "-Sbroker.rc3_path=echo three",
      `${push} && ${CLI} getattr broker.boot-method`,
    ]);
    assert.equal(status, 0, stderr);
    assert.equal(stdout, "single\n");
    const order = ["rc1.0: one", "quorum->run", "cleanup.0: clean", "rc3.0: three", "unload-builtins->exit"];
    const at = order.map((text) => stderr.indexOf(text));
    assert.deepEqual(
      [...at].sort((a, b) => a - b),
      at,
      stderr,
    );
    assert(at[0]! >= 0, stderr);
    const left = spawnSync("ls", [folder], { encoding: "utf8" }).stdout;
    assert.equal(left, "");
  });

  test("exits with the status of what failed first", async () => {
    const cases: [status: number, words: string[]][] = [
      [3, [...NO_RC, "exit 3"]],
      [130, [...NO_RC, "kill -INT $$"]],
      [127, [...NO_RC, "/no/such/program", "x"]],
      [5, ["-Sbroker.rc1_path=exit 5", "-Sbroker.rc3_path=", "echo never"]],
      [6, ["-Sbroker.rc1_path=", "-Sbroker.rc3_path=exit 6", "true"]],
      [42, ["-Sbroker.exit-norestart=42", "-Sbroker.rc1_path=false", "-Sbroker.rc3_path=", "true"]],
      [0, ["-Sbroker.recovery-mode=1", "-Sbroker.rc1_path=false", "-Sbroker.rc3_path=", "true"]],
    ];
    const outcomes = await Promise.all(cases.map(([, words]) => run(words)));
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      cases.map(([status]) => status),
    );
    assert(outcomes.every(({ stdout }) => !stdout.includes("never")));
  });

  test("says why it can't start, in the manner of its log", async () => {
    const readonly = join(folder, "readonly");
    mkdirSync(readonly, { mode: 0o500 });
    const cases: [text: string, words: string[]][] = [
      ["foo: unknown attribute", ["-Sfoo=1", "true"]],
      ["broker.pid: attribute may not be set on the command line", ["-Sbroker.pid=1", "true"]],
      ["unrecognized option '--nope'", ["--nope", "true"]],
      ["Error parsing broker.quorum attribute", ["-Sbroker.quorum=2", "true"]],
      ["invalid value for broker.critical-ranks='0-1'", ["-Sbroker.critical-ranks=0-1", "true"]],
      ["local-uri is malformed: bad", ["-Slocal-uri=bad", "true"]],
      ["local-uri is malformed: local:///tmp/x ", ["-Slocal-uri=local:///tmp/x ", "true"]],
      [`rundir ${readonly} does not have owner=rwx permissions`, [`-Srundir=${readonly}`, "true"]],
      ["stdin is not a tty - can't run interactive shell", ["sh"]],
    ];
    const outcomes = await Promise.all(cases.map(([, words]) => run([...NO_RC, ...words])));
    for (const [index, { status, stderr }] of outcomes.entries()) {
      assert.equal(status, 1);
      assert.match(stderr, / broker\.crit\[\S+\]: /);
      assert(stderr.endsWith(`${cases[index]![0]}\n`), stderr);
    }
    rmSync(readonly, { recursive: true });
  });

  test("a signal ends the initial program, and then it ends in order", async () => {
    const ready = join(folder, "ready");
    const broker = start([...NO_RC, `touch ${ready}; exec sleep 600`]);
    await until(() => existsSync(ready), "initial program runs");
    const { status, stderr } = await broker.end("SIGTERM");
    assert.equal(status, 129);
    assert.match(stderr, /rc2\.0: .* Hangup \(rc=129\)/);
    rmSync(ready);
  });

  test("without initial program it runs until it is shut down", async () => {
    const uri = `local://${folder}/sock`;
    const broker = start([...NO_RC, "-Sbroker.rc2_none", `-Slocal-uri=${uri}`]);
    await until(() => existsSync(`${folder}/sock`), "broker listens");
    const lines: string[] = [];
    {
      await using flux = await connect(uri, { env: {} });
      await flux.rpc("state-machine.wait", {});
      assert.deepEqual(await flux.rpc("config.get"), {});
      await assert.rejects(flux.rpc("heaptrace.stop"), { code: "ENOSYS" });
      await assert.rejects(flux.rpc("heaptrace.start", {}), { code: "EPROTO" });
      for await (const { log } of flux.stream("shutdown.start", { loglevel: 6 })) lines.push(String(log));
    }
    assert.match(lines.join(""), /^broker\.info\[0\]: shutdown: run->cleanup /m);
    assert.equal((await broker.outcome).status, 0);
  });

  test("what it starts does not know where the broker itself was started", async () => {
    const env = { FLUX_JOB_ID_PATH: "/x", PMI_RANK: "7", FLUX_KVS_NAMESPACE: "n", KEPT: "k" };
    const { stdout } = await run(
      [...NO_RC, "echo $FLUX_JOB_ID_PATH,$PMI_RANK,$FLUX_KVS_NAMESPACE,$KEPT"],
      env,
    );
    assert.equal(stdout, ",,,k\n");
  });

  test("reads its configuration", async () => {
    const file = join(folder, "conf.toml");
    writeFileSync(file, "[a]\nb = 1\n");
    const { stdout } = await run([...NO_RC, `-c${file}`, "--conf=a.c=2", `${CLI} rpc config.get`]);
    assert.deepEqual(JSON.parse(stdout), { a: { b: 1, c: 2 } });
    const bad = join(folder, "bad.toml");
    writeFileSync(bad, "[a\n");
    const { status, stderr } = await run([...NO_RC, `-c${bad}`, "true"]);
    assert.equal(status, 1);
    assert.match(stderr, /Config file error: .*bad\.toml/);
    rmSync(file);
    rmSync(bad);
  });
});
