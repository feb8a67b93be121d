import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { connect } from "../../src/connect/index.ts";
import { TemporaryFolder } from "../helpers/temporary-folder.ts";
import { until } from "../helpers/until.ts";
import { CliProcess, MAIN, type RunOptions } from "./cli-process.ts";

/** A shell's word for this build's `fluxbus`. */
const CLI = `"${process.execPath}" "${MAIN}"`;

/** Longest wait for something that brokers do, in milliseconds. */
const WAIT_MS = 15_000;

describe("fluxbus start --test-size", () => {
  let folder: TemporaryFolder;
  before(async () => {
    folder = await TemporaryFolder.make();
  });
  after(() => folder[Symbol.asyncDispose]());
  const started = (words: readonly string[], options: RunOptions = {}): CliProcess =>
    new CliProcess(["start", ...words], {
      runMs: 40_000,
      ...options,
      env: { TMPDIR: folder.path, ...options.env },
    });
  const run = (words: readonly string[], options?: RunOptions) => started(words, options).outcome;
  /** Run directories that are left. */
  const left = () => readdirSync(folder.path).filter((name) => name.startsWith("flux-"));

  for (const [kind, flags] of [
    ["processes", []],
    ["one process", ["--in-process"]],
  ] as const) {
    test(`runs a command in an instance of 4 ranks, in ${kind}`, async () => {
      const script = "trap 'kill $!; exit 7' TERM; sleep 60 & echo $FLUX_URI; wait";
      const start = started([
        "-s4",
        ...flags,
        "--topology=kary:2",
        "-Slog-ring-size=77",
        "--",
        "sh",
        "-c",
        script,
      ]);
      await start.wrote(/\n/);
      const [uri] = start.stdout.split("\n");
      const rundir = uri!.slice("local://".length).replace(/\/local-0$/, "");
      assert.equal(rundir.startsWith(join(folder.path, "flux-")), true, start.stderr);
      const handles = await Promise.all(
        [0, 1, 2, 3].map((rank) => connect(`local://${rundir}/local-${rank}`, { env: {} })),
      );
      const facts = await Promise.all(
        handles.map(async ({ attributes }) => ({
          rank: await attributes.get("rank"),
          size: await attributes.get("size"),
          level: await attributes.get("tbon.level"),
          ring: await attributes.get("log-ring-size"),
          mapping: await attributes.get("broker.mapping"),
          rundir: await attributes.get("rundir"),
        })),
      );
      const same = { size: "4", ring: "77", mapping: "[[0,1,4,1]]", rundir };
      assert.deepEqual(
        facts,
        ["0", "1", "1", "2"].map((level, rank) => ({ rank: String(rank), level, ...same })),
      );
      const pids = await Promise.all(handles.map(({ attributes }) => attributes.get("broker.pid")));
      assert.equal(new Set(pids).size, kind === "processes" ? 4 : 1);
      assert.deepEqual(await handles[0]!.rpc("groups.get", { name: "broker.online" }), { members: "0-3" });
      const pong = await handles[3]!.rpc("broker.ping", {}, { nodeid: 2, timeoutMs: WAIT_MS });
      assert.equal(pong["rank"], 2);
      await Promise.all(handles.map((flux) => flux.close()));
      const { status, stderr } = await start.end("SIGTERM");
      assert.deepEqual([status, stderr, existsSync(rundir)], [7, "", false]);
      for (const pid of pids) assert.equal(isRunning(Number(pid)), false);
    });
  }

  test("refuses options that mean nothing", async () => {
    const cases: [words: readonly string[], text: string][] = [
      [["-s0"], "argument '0' is invalid. Expected a whole number greater than 0."],
      [["-s-1"], "argument '-1' is invalid. Expected a whole number greater than 0."],
      [["-sx"], "argument 'x' is invalid. Expected a whole number greater than 0."],
      [["--in-process"], "fluxbus start: --in-process needs --test-size"],
      [["--test-hosts=a,b"], "fluxbus start: --test-hosts needs --test-size"],
      [["-s3", "--test-hosts=a,b"], "fluxbus start: --test-hosts names 2 hosts for 3 ranks"],
      [["-s2", "--test-hosts=a[b"], "Expected a list of hosts"],
      [["-s2", "--in-process", "--test-hosts=a,b"], "--test-hosts is for ranks as processes"],
      [["-s2", "--test-pmi-clique=nope"], "Allowed choices are single, per-broker, none."],
    ];
    const outcomes = await Promise.all(cases.map(([words]) => run([...words, "true"])));
    for (const [index, { status, stdout, stderr }] of outcomes.entries()) {
      const [words, text] = cases[index]!;
      assert.deepEqual([status, stdout], [2, ""], words.join(" "));
      assert(stderr.includes(text), stderr);
    }
    assert.deepEqual(left(), []);
  });

  test("names hosts and nodes as it is asked, and one socket", async () => {
    const socket = folder.of("socket");
    const script = `${CLI} getattr hostlist; ${CLI} getattr broker.mapping; echo $FLUX_URI; ${CLI} lsattr -v | grep ^parent-uri`;
    const words = [
      "-s2",
      "--test-hosts=n[8-9]",
      "--test-pmi-clique=per-broker",
      `--socket=${socket}`,
      script,
    ];
    // An instance like this is on its own, wherever it is started.
    const { status, stdout, stderr } = await run(words, { uri: `local://${folder.path}/gone` });
    assert.deepEqual([status, stderr], [0, ""]);
    assert.match(stdout, new RegExp(`^n\\[8-9\\]\n\\[\\[0,2,1,1\\]\\]\nlocal://${socket}\nparent-uri +-\n$`));
  });

  test("says once why an instance can't be, and which rank has said it", async () => {
    const [attribute, rundir, topology] = await Promise.all([
      run(["-s3", "-Srank=3", "true"]),
      run(["-s2", `--rundir=${folder.path}/no/such`, "true"]),
      run(["-s2", "--in-process", "--topology=nope", "true"]),
    ]);
    assert.match(
      attribute.stderr,
      /^fluxbus start: rank [012]: rank: attribute may not be set on the command line\n$/,
    );
    assert.equal(
      rundir.stderr,
      `fluxbus start: rundir error creating ${folder.path}/no/such: No such file or directory\n`,
    );
    assert.match(
      topology.stderr,
      /^fluxbus broker: .*unknown topology scheme 'nope'\nfluxbus start: the broker did not start\n$/,
    );
    assert.deepEqual([attribute.status, rundir.status, topology.status], [1, 1, 1]);
    assert.deepEqual(left(), []);
  });

  test("gives up when a rank is lost before the instance runs, and ends the others", async () => {
    const start = started(["-s3", "-v", "--", "echo", "ran"]);
    const pids = await pidsOf(start, 3);
    process.kill(pids[2]!, "SIGKILL");
    const { status, stdout, stderr } = await start.outcome;
    assert.deepEqual([status, stdout], [1, ""]);
    assert.match(stderr, /^fluxbus start: the instance has not started: rank 2 was ended by SIGKILL\n$/m);
    assert.deepEqual(pids.filter(isRunning), []);
    assert.deepEqual(left(), []);
  });

  test("a signal before the instance runs ends it", async () => {
    for (const flags of [[], ["--in-process"]]) {
      const start = started(["-s2", "-v", ...flags, "--", "echo", "ran"]);
      const pids = flags.length === 0 ? await pidsOf(start, 2) : [];
      const { status, stdout, stderr } = await start.end("SIGTERM");
      assert.equal(stdout, "");
      // One that has no handler of it yet dies of it.
      assert(status === 128 + 15 || start.child.signalCode === "SIGTERM", stderr);
      assert.deepEqual(pids.filter(isRunning), []);
      assert.deepEqual(left(), []);
    }
  });

  test("tells of ranks that are lost, and goes on", async () => {
    const pid = (rank: number) => `$(${CLI} getattr --uri local://$D/local-${rank} broker.pid)`;
    const health = `until ${CLI} rpc overlay.health | grep -q degraded; do ${CLI} ping -c1 -r2 broker; done`;
    const [leaf, leader] = await Promise.all([
      run([
        "-s3",
        `D=$(${CLI} getattr rundir); kill -9 ${pid(2)}; ${health} >/dev/null 2>&1; ${CLI} getattr size; exit 5`,
      ]),
      run(["-s3", `D=$(${CLI} getattr rundir); kill -9 ${pid(0)}; exit 6`]),
    ]);
    assert.deepEqual([leaf.status, leaf.stdout], [5, "3\n"], leaf.stderr);
    assert.match(leaf.stderr, /^fluxbus start: rank 2 was ended by SIGKILL$/m);
    assert.equal(leader.status, 6);
    assert.match(leader.stderr, /^fluxbus start: rank 0 was ended by SIGKILL$/m);
    assert.doesNotMatch(leader.stderr, /start: rank [12]/);
    assert.deepEqual(left(), []);
  });

  test("takes all ranks along when it is killed", async () => {
    for (const flags of [[], ["--in-process"]]) {
      const pid = (rank: number) => `${CLI} getattr --uri local://$D/local-${rank} broker.pid`;
      const script = `D=$(${CLI} getattr rundir); echo $$; ${pid(0)}; ${pid(1)}; ${pid(2)}; exec sleep 60`;
      const start = started(["-s3", ...flags, "--", "sh", "-c", script]);
      await start.wrote(/(\d+\n){4}/);
      const [command, ...brokers] = start.stdout.trim().split("\n").map(Number);
      start.child.kill("SIGKILL");
      await until(() => brokers.filter(isRunning).length === 0, "the brokers end", WAIT_MS);
      assert.deepEqual(left(), []);
      process.kill(command!, "SIGKILL");
      assert.equal((await start.outcome).signal, "SIGKILL");
    }
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

/** The processes of `size` ranks, by what \`-v\` shows. */
async function pidsOf(start: CliProcess, size: number): Promise<number[]> {
  const pids = () => [...start.stderr.matchAll(/ rank \d+ \(pid (\d+)\): /g)].map(([, pid]) => Number(pid));
  await until(() => pids().length === size || start.ended, "the ranks are started", WAIT_MS);
  assert.equal(pids().length, size, start.stderr);
  return pids();
}
