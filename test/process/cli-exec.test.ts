import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Flux } from "../../src/client/index.ts";
import { connect } from "../../src/connect/index.ts";
import { Instance } from "../../src/instance/index.ts";
import { until } from "../helpers/until.ts";
import { CliProcess, fluxbus, type Outcome, type RunOptions } from "./cli-process.ts";

describe("fluxbus exec and uptime", () => {
  let instance: Instance;
  let flux: Flux;
  before(async () => {
    instance = await Instance.start({ env: {}, printLog: () => {} });
    flux = await connect(instance.uri, { env: {} });
  });
  after(async () => {
    await flux.close();
    await instance.stop();
  });

  const exec = (words: readonly string[], options: RunOptions = {}): Promise<Outcome> =>
    fluxbus(["exec", ...words], { uri: instance.uri, ...options });
  const ended = (stdout: string, stderr = "", status = 0): Outcome => ({
    stdout,
    stderr,
    status,
    signal: null,
  });

  test("output goes where the command sent it, input goes to the command", async () => {
    const [both, input, bytes, none] = await Promise.all([
      exec(["-l", "sh", "-c", "echo out; echo err >&2; printf end"]),
      exec(["cat"], { input: "one\ntwo" }),
      exec(["--setopt=stdin_BUFSIZE=4k", "cksum"], { input: new Uint8Array(1_000_000) }),
      exec(["-n", "cat"], { input: "one" }),
    ]);
    assert.deepEqual(both, ended("0: out\n0: end", "0: err\n"));
    assert.deepEqual(input, ended("one\ntwo"));
    assert.deepEqual(bytes, ended("1345294785 1000000\n"));
    assert.deepEqual(none, ended(""));
  });

  test("options behind the command are the command's; it has the caller's directory and environment", async () => {
    const [words, place] = await Promise.all([
      exec(["echo", "-n", "--json", "x"]),
      exec(["-d", "/", "sh", "-c", 'pwd; echo "$MINE $FLUX_URI"'], { env: { MINE: "1" } }),
    ]);
    assert.deepEqual(words, ended("--json x"));
    assert.deepEqual(place, ended(`/\n1 ${instance.uri}\n`));
  });

  test("how a command ended is said, and is the exit status", async () => {
    const [three, quiet, killed, missing, refused] = await Promise.all([
      exec(["sh", "-c", "exit 3"]),
      exec(["-q", "sh", "-c", "exit 3"]),
      exec(["sh", "-c", "kill -9 $$"]),
      exec(["./nope"]),
      exec(["/"]),
    ]);
    assert.deepEqual(three, ended("", "0: Exit 3\n", 3));
    assert.deepEqual(quiet, ended("", "", 3));
    assert.deepEqual(killed, ended("", "0: Killed\n", 137));
    const error = (what: string, why: string): string =>
      `fluxbus exec: Error: rank 0: ${what}: error launching process: ${why}\n`;
    assert.deepEqual(missing, ended("", error("./nope", "No such file or directory"), 127));
    assert.deepEqual(refused, ended("", error("/", "Permission denied"), 126));
  });

  test("what makes no sense is refused before anything runs", async () => {
    const cases: [string[], RegExp][] = [
      [[], /missing argument 'command'/],
      [["-r", "1", "true"], /One or more invalid --ranks specified: 1/],
      [["-r", "1-0", "true"], /--rank: '1-0' is no set of ranks/],
      [["-x", "0", "true"], /No targets specified/],
      [["--waitable", "true"], /--waitable can only be used with --bg/],
      [["--attach"], /--attach requires a pid or label argument/],
      [["--attach", "a", "b"], /--attach takes a single pid or label argument/],
      [["--attach", "--bg", "a"], /--attach cannot be used with --bg or --waitable/],
      [["--label=", "true"], /the label is empty/],
    ];
    for (const [words, text] of cases) {
      const { stderr, status } = await exec(words);
      assert.match(stderr, text);
      assert.equal(status, 2, words.join(" "));
    }
  });

  test("a process in the background is attached to, and left by Ctrl-C", async () => {
    const script = "while :; do echo tick; sleep 0.05; done";
    const started = await exec(["--bg", "--label=ticker", "sh", "-c", script]);
    assert.match(started.stdout, /^0: \d+\n$/);
    const attached = new CliProcess(["exec", "--attach", "ticker"], { uri: instance.uri });
    await attached.wrote(/tick/);
    const left = await attached.end("SIGINT");
    assert.equal(left.stderr, "detached; use 'flux sproc kill ticker' to signal it\n");
    assert.equal(left.status, 0);
    const pid = Number(started.stdout.slice(3));
    const again = new CliProcess(["exec", "--attach", String(pid)], { uri: instance.uri });
    await again.wrote(/tick/);
    await flux.rpc("rexec.kill", { pid, signum: 15 });
    assert.deepEqual((await again.outcome).status, 143);
    const { stderr, status } = await exec(["--attach", "ticker"]);
    assert.equal(status, 127);
    assert.match(stderr, /label ticker does not belong to any subprocess/);
  });

  test("signals go to the command", async () => {
    const process = new CliProcess(
      ["exec", "-v", "sh", "-c", "trap 'echo caught; exit 4' INT; echo ready; while :; do sleep 0.05; done"],
      {
        uri: instance.uri,
      },
    );
    await process.wrote(/ready/);
    const { stdout, stderr, status } = await process.end("SIGINT");
    assert.deepEqual([stdout, status], ["ready\ncaught\n", 4]);
    assert.match(stderr, /ms: Starting sh on 0\n.*ms: Sent all requests\n/);
    assert.match(
      stderr,
      /sending signal 2 to 1 running processes\n.*ms: 1 tasks complete with code 4\n0: Exit 4\n$/,
    );
  });

  test("a command that does not heed Ctrl-C can be left", async () => {
    const process = new CliProcess(["exec", "-v", "sh", "-c", "trap '' INT; echo ready; exec sleep 100"], {
      uri: instance.uri,
    });
    await process.wrote(/ready/);
    for (const count of [1, 2]) {
      process.child.kill("SIGINT");
      await until(() => process.stderr.split("sending signal 2").length > count, `signal ${count}`);
    }
    process.child.kill("SIGINT");
    const { stderr, status } = await process.outcome;
    assert.match(stderr, /within 1\.00 sec to exit\n0: command still running at exit\n$/);
    assert.equal(status, 1);
  });

  test("uptime of an instance without jobs, and of one with", async () => {
    const uptime = (...words: string[]) => fluxbus(["uptime", ...words], { uri: instance.uri });
    const { stdout, stderr, status } = await uptime();
    assert.deepEqual([stderr, status], ["", 0]);
    assert.match(stdout, /^ \d\d:\d\d:\d\d run \S+s, {2}owner \S+, {2}depth 0, {2}size 1\n$/);
    const { seconds, owner, ...rest } = JSON.parse((await uptime("--json")).stdout);
    assert.deepEqual(rest, { state: "run", depth: 0, size: 1, offline: 0 });
    assert(seconds > 0 && owner.length > 0);
    await using _resource = await flux.serve("resource", {
      status: () => ({ drain: { "1-2": {}, "5": {} } }),
    });
    await using _manager = await flux.serve("job-manager", {
      "queue-list": () => ({ queues: ["a", "b"] }),
      "queue-status": ({ name }) => ({ enable: name === "a", start: false }),
    });
    assert.match((await uptime()).stdout, /, {2}size 1, {2}3 drained\n {2}scheduler stopped\n$/);
  });
});
