import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { TestInstance } from "../../src/testing/index.ts";
import { FakeSsh } from "../helpers/fake-ssh.ts";
import { until } from "../helpers/until.ts";
import { CliProcess, fluxbus, MAIN } from "./cli-process.ts";

/** A shell's word for this build's `fluxbus`. */
const CLI = `${process.execPath} ${MAIN}`;

describe("fluxbus uri, proxy and relay", () => {
  let instance: TestInstance;
  before(async () => {
    instance = await TestInstance.start({
      attributes: { "instance-level": "1", "parent-uri": "local:///the/parent" },
    });
  });
  after(() => instance.stop());
  const run = (words: readonly string[], env: Record<string, string> = {}) =>
    fluxbus(words, { uri: instance.uri, env });
  const ok = async (words: readonly string[], env: Record<string, string> = {}) => {
    const { stdout, stderr, status } = await run(words, env);
    assert.equal(status, 0, stderr);
    return stdout.trimEnd();
  };
  const fails = async (words: readonly string[], env: Record<string, string> = {}) => {
    const { stdout, stderr, status } = await run(words, env);
    assert.deepEqual([stdout, status], ["", 1]);
    return stderr.trimEnd();
  };

  test("uri resolves what names an instance", async () => {
    const remote = instance.uri.replace("local://", `ssh://${hostname()}`);
    const child = spawn("sleep", ["1000"], { env: { ...process.env, FLUX_URI: "local:///of/sleep" } });
    try {
      const found = await Promise.all([
        ok(["uri", "local:///a/b"]),
        ok(["uri", "--local", "ssh://host//a/b"]),
        ok(["uri", "."]),
        ok(["uri", "--remote", "."]),
        ok(["uri", ".?remote"]),
        ok(["uri", ".."]),
        ok(["uri", "../"], { FLUX_URI_RESOLVE_LOCAL: "t" }),
        ok(["uri", "--json", `pid:${child.pid}`]),
        ok(["uri", "--uri", instance.uri, "jobid:."]),
      ]);
      assert.deepEqual(found, [
        "local:///a/b",
        "local:///a/b",
        instance.uri,
        remote,
        remote,
        "local:///the/parent",
        "local:///the/parent",
        '{"uri":"local:///of/sleep"}',
        instance.uri,
      ]);
    } finally {
      child.kill();
    }
    const errors = await Promise.all([
      fails(["uri", "bloop:1234"]),
      fails(["uri", "no job"]),
      fails(["uri", "f123"]),
      fails(["uri", "pid:x"]),
      fails(["uri", `pid:${2 ** 31 - 1}`]),
      fails(["uri", ".?local&remote"]),
    ]);
    assert.deepEqual(errors, [
      "fluxbus uri: bloop:1234: nothing is known about the scheme 'bloop'",
      "fluxbus uri: no job: no job is not a valid jobid",
      "fluxbus uri: f123: job f123: this instance has no jobs, as those of flux-core have",
      "fluxbus uri: pid:x: pid: wants the number of a process",
      `fluxbus uri: pid:${2 ** 31 - 1}: there is no process ${2 ** 31 - 1}`,
      "fluxbus uri: .?local&remote: only one of 'local' and 'remote' is possible",
    ]);
  });

  test("proxy runs a command with a socket of its own, and ends as it does", async () => {
    const uri = await ok(["proxy", instance.uri, "printenv", "FLUX_URI"]);
    assert.match(uri, /^local:\/\/.*\/flux-proxy-\w{6}\/local$/);
    assert.equal(existsSync(dirname(uri.slice("local://".length))), false);
    assert.equal(await ok(["proxy", ".", `${CLI} getattr size; echo $0`]), "1\n/bin/sh");
    assert.equal((await run(["proxy", instance.uri, "exit", "7"])).status, 7);
    assert.equal((await run(["proxy", instance.uri, "kill -TERM $$"])).status, 128 + 15);
    assert.equal((await run(["proxy", instance.uri, "printenv", "FLUX_PROXY_REMOTE"])).status, 1);
  });

  test("proxy says why it can't", async () => {
    assert.equal(
      await fails(["proxy", "bloop:1234"]),
      "fluxbus proxy: Unable to resolve bloop:1234 to a URI: nothing is known about the scheme 'bloop'",
    );
    assert.equal(
      await fails(["proxy", "local:///noexist", "true"], { FLUX_LOCAL_CONNECTOR_RETRY_COUNT: "0" }),
      "fluxbus proxy: local:///noexist: broker socket /noexist was not found",
    );
  });

  test("proxy through ssh: the relay at the other end, FLUX_PROXY_REMOTE and the parent's URI", async () => {
    using ssh = new FakeSsh();
    const env = { FLUX_SSH: ssh.path, FLUX_SSH_RCMD: CLI };
    const uri = instance.uri.replace("local://", "ssh://me@there:7");
    const script = `printenv FLUX_PROXY_REMOTE; ${CLI} getattr parent-uri`;
    assert.equal(await ok(["proxy", uri, script], env), "me@there\nssh://me@there/the/parent");
    assert.equal(await ok(["getattr", "--uri", uri, "size"], env), "1");
    const broken = { FLUX_SSH: ssh.path, FLUX_SSH_RCMD: "/no/such/flux" };
    assert.match(await fails(["getattr", "--uri", uri, "size"], broken), /connect: fake ssh: .*not found/);
  });

  test("ssh is not run for the URI of another user's process, unless that is asked for", async (t) => {
    if (process.getuid?.() !== 0) return t.skip("only root has processes of two users");
    using ssh = new FakeSsh('echo "fake ssh: host=$1 was run" >&2; exit 255');
    const env = { FLUX_SSH: ssh.path };
    const child = spawn("sleep", ["1000"], {
      uid: 65534,
      env: { FLUX_URI: "ssh://evil/x", PATH: process.env["PATH"] },
    });
    try {
      const word = `pid:${child.pid}`;
      const text = `ssh://evil/x comes from process ${child.pid} of user 65534, and it would run ssh: use --trust-foreign-uri`;
      for (const words of [
        ["getattr", "--uri", word, "size"],
        ["proxy", word, "true"],
      ])
        assert(text.length > 0 && (await fails(words, env)).includes(text), words.join(" "));
      for (const words of [
        ["getattr", "--uri", word, "--trust-foreign-uri", "size"],
        ["proxy", "--trust-foreign-uri", word, "true"],
      ])
        assert.match(await fails(words, env), /fake ssh: host=-- was run/);
      assert.equal(await ok(["uri", word]), "ssh://evil/x");
    } finally {
      child.kill();
    }
    const injection = "ssh://[-oProxyCommand=id]/x";
    assert.match(await fails(["proxy", injection, "true"], env), /invalid host '-oProxyCommand=id'/);
  });

  test("proxy: a lost broker hangs the command up, or not with --nohup", async () => {
    const lost = "fluxbus proxy: Lost connection to Flux\n";
    const script =
      'trap "echo hup; exit 3" HUP; echo up; while test -e "$KEEP"; do sleep 0.01; done; echo end';
    for (const nohup of [false, true]) {
      await using own = await TestInstance.start();
      const keep = join(mkdtempSync(join(tmpdir(), "proxy-")), "keep");
      writeFileSync(keep, "");
      const words = ["proxy", ...(nohup ? ["-n"] : []), own.uri, script];
      const proxy = new CliProcess(words, { uri: own.uri, env: { KEEP: keep } });
      await proxy.wrote(/up\n/);
      await own.halt();
      await until(() => proxy.stderr.includes(lost), "the loss");
      if (nohup) rmSync(dirname(keep), { recursive: true });
      const { stdout, stderr, status } = await proxy.outcome;
      rmSync(dirname(keep), { recursive: true, force: true });
      const said = nohup ? lost : `${lost}fluxbus proxy: Sending SIGHUP to child processes\n`;
      assert.deepEqual([stdout, stderr, status], [nohup ? "up\nend\n" : "up\nhup\n", said, nohup ? 0 : 3]);
    }
  });

  test("relay passes a client's bytes, and ends with it", async () => {
    const refused = await run(["relay", "/no/such/socket"]);
    assert.equal(refused.status, 1);
    assert.equal(
      refused.stderr,
      `fluxbus relay: ${hostname()}: broker socket /no/such/socket was not found\n`,
    );
    const before = instance.broker.stats.clients;
    const { stdout, status } = await run(["relay", instance.uri]);
    assert.deepEqual([stdout, status], ["\0", 0], "the admission byte, and no client");
    await until(() => instance.broker.stats.clients === before, "the end of its connection");
  });
});
