import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { connect } from "../../../src/connect/index.ts";
import { TestInstance } from "../../../src/testing/index.ts";
import { FakeSsh } from "../../helpers/fake-ssh.ts";
import { drain, rejects } from "../../helpers/rejects.ts";
import { TemporaryFolder } from "../../helpers/temporary-folder.ts";
import { until } from "../../helpers/until.ts";

const sshUri = (uri: string) => uri.replace("local://", "ssh://somebody@somewhere:77");

test("a broker at the other end of ssh: calls, streams, events, services", async () => {
  await using instance = await TestInstance.start();
  using ssh = new FakeSsh();
  const lines: string[] = [];
  const onLog = (_level: string, text: string) => lines.push(text);
  await using far = await connect(sshUri(instance.uri), { env: ssh.env(), onLog });
  const near = await instance.connect();
  assert.equal(far.uri, sshUri(instance.uri));
  assert.equal((await far.ping()).rolemask, 5);
  assert.match(lines.join("\n"), /fake ssh: host=somebody@somewhere port=77\nfake ssh: .* relay \//);
  await using _service = await far.serve("far", {
    add: ({ a, b }) => ({ sum: a + b }),
    *count({ to }) {
      for (let i = 0; i < to; i++) yield { i };
    },
  });
  assert.deepEqual(await near.rpc("far.add", { a: 1, b: 2 }), { sum: 3 });
  assert.equal((await drain(near.stream("far.count", { to: 1000 }))).items.length, 1000);
  await using events = far.subscribe("e");
  await events.ready;
  await near.publish("e.1", "x".repeat(1_000_000));
  assert.equal((await events.next()).value?.text?.length, 1_000_000);
  await far.rpc("attr.get", { name: "rank" });
  await far.close();
  await until(() => instance.broker.stats.clients === 1, "the end of the connection");
});

test("what ssh or the relay says is in the error", async () => {
  using ssh = new FakeSsh();
  const missing = await rejects(connect("ssh://host/nosuch/local", { env: ssh.env() }), "ECONNRESET");
  assert.match(missing.message, /fake ssh: host=host; .*broker socket \/nosuch\/local was not found/);
  const command = await rejects(connect("ssh://host/x", { env: ssh.env("/no/such/flux") }), "ECONNRESET");
  assert.match(command.message, /\/no\/such\/flux/);
  using refusing = new FakeSsh('echo "no route to $2" >&2; exit 255');
  await rejects(connect("ssh://host/x", { env: refusing.env() }), "ECONNRESET", "no route to host");
  using silent = new FakeSsh("exit 255");
  await rejects(
    connect("ssh://host/x", { env: silent.env() }),
    "ECONNRESET",
    `${silent.path} ended without a word`,
  );
});

test("a URI whose host is an option of ssh runs nothing, wherever it comes from", async () => {
  await using folder = await TemporaryFolder.make();
  const ran = folder.of("ran");
  using ssh = new FakeSsh(`touch ${ran}; exit 255`);
  const env = ssh.env();
  for (const location of ["[-oProxyCommand=touch$IFS$9pwned]", "-oProxyCommand=id", "[-F/x]:22", "-l@host"]) {
    const uri = `ssh://${location}/run/flux/local`;
    await rejects(connect(uri, { env }), "EINVAL");
    await rejects(connect(undefined, { env: { ...env, FLUX_URI: uri } }), "EINVAL");
    const attributes = { "instance-level": "1", "parent-uri": uri };
    await using instance = await TestInstance.start({ attributes });
    await rejects(connect("..", { env: { ...env, FLUX_URI: instance.uri } }), "EINVAL");
  }
  assert.equal(existsSync(ran), false);
  await rejects(connect("ssh://host/x", { env }), "ECONNRESET");
  assert.equal(existsSync(ran), true, "the test would see it");
});

test("a remote shell that is not there is ENOENT, a URI of another form EINVAL", async () => {
  const env = { FLUX_SSH: "/no/such/ssh" };
  const text = "ssh-connector: /no/such/ssh: No such file or directory (FLUX_SSH names another remote shell)";
  await rejects(connect("ssh://host/x", { env }), "ENOENT", text);
  await rejects(connect("ssh://host", { env }), "EINVAL");
  await rejects(connect("ssh", { env }), "EINVAL");
});

test("start files that write to stdout: EPROTO with a hint, and no hanging", async () => {
  using chatty = new FakeSsh("echo Welcome; exec cat");
  const error = await rejects(connect("ssh://host/x", { env: chatty.env() }), "EPROTO");
  assert.match(error.message, /do the shell's start files at the other end write to stdout\?/);
});

test("a signal gives up connecting and ends the remote shell", async () => {
  using stuck = new FakeSsh('echo "$$" >&2; exec sleep 1000');
  await rejects(connect("ssh://host/x", { env: stuck.env(), signal: AbortSignal.timeout(100) }), "ETIMEDOUT");
  await rejects(connect("ssh://host/x", { env: stuck.env(), signal: AbortSignal.abort() }), "ECANCELED");
});

test("a lost connection is made again through ssh", async () => {
  await using instance = await TestInstance.start();
  using ssh = new FakeSsh();
  const statuses: string[] = [];
  await using far = await connect(sshUri(instance.uri), {
    env: ssh.env(),
    reconnect: { delayMs: 1 },
    onStatus: (status) => statuses.push(status),
    onLog() {},
  });
  await using events = far.subscribe("e");
  await events.ready;
  const near = await instance.connect();
  const { server } = await near.rpc<{ server: { clients: { uuid: string; pid: number }[] } }>(
    "connector-local.stats-get",
  );
  const relay = server.clients.find(({ pid }) => pid !== process.pid);
  assert(relay !== undefined, "the relay is a client of the broker");
  process.kill(relay.pid, "SIGKILL");
  await until(() => statuses.at(-1) === "connected", "the new connection", 20_000);
  assert.deepEqual(statuses, ["reconnecting", "connected"]);
  await near.publish("e.again");
  assert.equal((await events.next()).value?.topic, "e.again");
});
