import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { connect } from "../../src/connect/index.ts";
import { TestInstance } from "../../src/testing/index.ts";
import { until } from "../helpers/until.ts";
import { CliProcess, fluxbus, MAIN } from "./cli-process.ts";

/** A shell's word for this build's `fluxbus`. */
const CLI = `"${process.execPath}" "${MAIN}"`;

describe("fluxbus broker and start", () => {
  let folder = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "fluxbus-lifecycle-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  const started = (words: readonly string[], env: Record<string, string> = {}) =>
    new CliProcess(words, { env: { TMPDIR: folder, ...env } });
  const run = (words: readonly string[], env: Record<string, string> = {}) => started(words, env).outcome;

  test("broker says where it is, serves, and ends in order by a signal", async () => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      const broker = started(["broker", "--print-uri", "-S", "test.a=b=c"]);
      await broker.wrote(/\n/);
      const uri = broker.stdout.trimEnd();
      const rundir = uri.replace("local://", "").replace(/\/local-0$/, "");
      assert.equal(rundir.startsWith(join(folder, "flux-")), true, uri);
      assert.equal(statSync(rundir).mode & 0o777, 0o700);
      await using flux = await connect(uri, { env: {} });
      assert.equal(await flux.attributes.get("rundir"), rundir);
      assert.equal(await flux.attributes.get("test.a"), "b=c");
      const { status, stderr } = await broker.end(signal);
      assert.deepEqual([status, stderr, existsSync(rundir)], [0, "", false]);
    }
  });

  test("broker keeps a directory that was there, and makes one that was not", async () => {
    const old = join(folder, "old");
    mkdirSync(old, { mode: 0o755 });
    const made = join(folder, "made");
    for (const rundir of [old, made]) {
      const broker = started(["broker", "--json", `--rundir=${rundir}`, `--socket=${join(rundir, "sock")}`]);
      await broker.wrote(/\n/);
      const ready = JSON.parse(broker.stdout);
      assert.deepEqual(ready, {
        uri: `local://${rundir}/sock`,
        pid: broker.child.pid,
        rundir,
        rundirMade: rundir === made,
      });
      assert.equal((await broker.end("SIGHUP")).status, 0);
    }
    assert.deepEqual([existsSync(old), existsSync(made)], [true, false]);
  });

  test("broker takes its options: guests, queues, the log", async () => {
    const broker = started([
      "broker",
      "--print-uri",
      "--allow-guests",
      "--log-level=info",
      "--log-stderr-level=warning",
      "--log-ring-size=2",
      "--client-queue=100000",
      "--slow-client=drop-events",
    ]);
    await broker.wrote(/\n/);
    const uri = broker.stdout.trimEnd();
    const flux = await connect(uri, { env: {}, appname: "t" });
    assert.equal((await flux.rpc("connector-local.stats-get"))["allow_guest_user"], true);
    assert.equal(await flux.attributes.get("log-ring-size"), "2");
    await flux.log("debug", "not kept");
    for (const text of ["one", "two", "three"]) await flux.log("warning", text);
    await flux.attributes.set("log-stderr-level", "2");
    await flux.log("err", "not printed");
    const kept: string[] = [];
    for await (const { text } of flux.callStream("log.dmesg", { follow: false })) kept.push(text ?? "");
    assert.deepEqual(
      kept.map((text) => text.replace(/.* - - /, "")),
      ["three", "not printed"],
    );
    await assert.rejects(flux.attributes.set("log-stderr-level", "8"), { message: "invalid level" });
    await flux.close();
    const { stderr } = await broker.end("SIGTERM");
    const stamp = String.raw`[A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d\.\d{6} UTC \d{4}`;
    assert.match(
      stderr,
      new RegExp(
        `^${["one", "two", "three"].map((text) => `${stamp} t\\.warning\\[0\\]: ${text}\n`).join("")}$`,
      ),
    );
  });

  test("broker that can't start says why", async () => {
    const file = join(folder, "file");
    const readonly = join(folder, "readonly");
    mkdirSync(readonly, { mode: 0o500 });
    const [parent, mode, long, own, level, value, underStart, json] = await Promise.all([
      run(["broker", `--rundir=${file}/x/y`]),
      run(["broker", `--rundir=${readonly}`]),
      run(["broker", `--rundir=/tmp/${"a".repeat(92)}`]),
      run(["broker", "-Srank=3"]),
      run(["broker", "-Slog-level=9"]),
      run(["broker", "-Srank"]),
      run(["start", "-Srank=3", "true"]),
      run(["broker", "--json", "-Srank=3"]),
    ]);
    const texts = [parent, mode, long, own, level, value, underStart].map(
      ({ stderr }) => stderr.split("\n")[0],
    );
    assert.deepEqual(texts, [
      `fluxbus broker: rundir error creating ${file}/x/y: No such file or directory`,
      `fluxbus broker: rundir ${readonly} does not have owner=rwx permissions`,
      `fluxbus broker: rundir length of 97 bytes exceeds max 96 to allow for AF_UNIX socket creation: /tmp/${"a".repeat(92)}`,
      "fluxbus broker: rank: attribute may not be set on the command line",
      "fluxbus broker: log-level: Invalid argument",
      "fluxbus broker: option '-S, --setattr <NAME=VALUE>' argument 'rank' is invalid. Expected NAME=VALUE.",
      "fluxbus broker: rank: attribute may not be set on the command line",
    ]);
    const statuses = [parent, mode, long, own, level, value, underStart, json].map(({ status }) => status);
    assert.deepEqual(statuses, [1, 1, 1, 1, 1, 2, 1, 1]);
    assert.match(underStart.stderr, /\nfluxbus start: the broker did not start\n$/);
    assert.equal(JSON.parse(json.stderr).code, "EINVAL");
  });

  test("start runs a command in an instance, passes on its status and cleans up", async () => {
    const script = `echo $FLUX_URI; ${CLI} getattr rundir; exit 7`;
    const [several, line, stdin, signal, missing, unusable] = await Promise.all([
      run(["start", "--", "sh", "-c", script]),
      run(["start", script]),
      fluxbus(["start"], { input: script, env: { TMPDIR: folder } }),
      run(["start", "--", "sh", "-c", "kill -9 $$"]),
      run(["start", "--", "no-such-command", "x"]),
      run(["start", "--", join(folder, "old"), "x"]),
    ]);
    for (const { status, stdout, stderr } of [several, line, stdin]) {
      assert.deepEqual([status, stderr], [7, ""]);
      const [uri, rundir, end] = stdout.split("\n");
      assert.equal(uri, `local://${rundir}/local-0`);
      assert.equal(end, "");
      assert.equal(existsSync(rundir!), false);
    }
    assert.equal(signal.status, 128 + 9);
    assert.deepEqual(
      [missing.status, missing.stderr],
      [127, "fluxbus start: no-such-command: No such file or directory\n"],
    );
    assert.deepEqual(
      [unusable.status, unusable.stderr],
      [126, `fluxbus start: ${join(folder, "old")}: Permission denied\n`],
    );
  });

  test("an instance inside another knows its parent; a parent that is gone does not matter", async () => {
    await using outer = await TestInstance.start();
    const show = `${CLI} getattr instance-level; ${CLI} getattr parent-uri; ${CLI} getattr --uri .. local-uri`;
    const [inner, orphan] = await Promise.all([
      run(["start", show], { FLUX_URI: outer.uri }),
      run(["start", `${CLI} lsattr -v`], { FLUX_URI: `local://${folder}/gone` }),
    ]);
    assert.deepEqual([inner.stdout, inner.stderr], [`1\n${outer.uri}\n${outer.uri}\n`, ""]);
    assert.equal(orphan.status, 0);
    assert.match(orphan.stdout, /^instance-level {26}0$/m);
    assert.match(orphan.stdout, /^parent-uri {30}-$/m);
  });

  test("start passes signals on to its command, and keeps the broker for its last words", async () => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGUSR1"] as const) {
      const name = signal.slice(3);
      const script = `trap '${CLI} getattr rank; kill $!; exit 9' ${name}; sleep 60 & ${CLI} getattr rundir; wait`;
      const start = started(["start", "--", "sh", "-c", script]);
      await start.wrote(/\n/);
      const rundir = start.stdout.trimEnd();
      const { status, stdout, stderr } = await start.end(signal);
      assert.deepEqual([status, stdout, stderr], [9, `${rundir}\n0\n`, ""], signal);
      assert.equal(existsSync(rundir), false);
    }
  });

  test("a start that is killed takes its broker along", async () => {
    const start = started([
      "start",
      "--",
      "sh",
      "-c",
      `echo $$; ${CLI} getattr broker.pid; ${CLI} getattr rundir; exec sleep 60`,
    ]);
    await start.wrote(/\n.*\n.*\n/);
    assert.match(start.stdout, /^\d+\n\d+\n\/.+\n$/, start.stderr);
    const [command, broker, rundir] = start.stdout.split("\n");
    start.child.kill("SIGKILL");
    await until(() => !isRunning(Number(broker)), "the broker ends", 10_000);
    assert.equal(existsSync(rundir!), false);
    process.kill(Number(command), "SIGKILL");
    assert.equal((await start.outcome).signal, "SIGKILL");
  });

  test("a broker that is killed under start is reported, and its directory removed", async () => {
    const script = `${CLI} getattr rundir; kill -9 $(${CLI} getattr broker.pid); ${CLI} getattr rank; exit 4`;
    const { status, stdout, stderr } = await run(["start", "--", "sh", "-c", script]);
    assert.equal(status, 4);
    assert.match(stderr, /^fluxbus start: the broker has ended before the command$/m);
    assert.match(stderr, /^fluxbus getattr: connect: /m);
    assert.equal(existsSync(stdout.trimEnd()), false);
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
