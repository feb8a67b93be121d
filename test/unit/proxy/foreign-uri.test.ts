import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod } from "node:fs/promises";
import { test } from "node:test";
import { Broker } from "../../../src/broker/index.ts";
import { connect } from "../../../src/connect/index.ts";
import { resolveToFollow, resolveUri } from "../../../src/proxy/index.ts";
import { TestInstance } from "../../../src/testing/index.ts";
import { FakeSsh } from "../../helpers/fake-ssh.ts";
import { rejects } from "../../helpers/rejects.ts";
import { TemporaryFolder } from "../../helpers/temporary-folder.ts";

const GUEST = 65534;
const SSH = "ssh://host/run/flux/local";
const WORD = "would run ssh: use --trust-foreign-uri (in a program, trustForeignUri: true) to follow it";
const asRoot = process.getuid?.() === 0 ? {} : { skip: "only root has processes of two users" };

/** A process with FLUX_URI in its environment that has run `script`. */
async function processWith(uri: string, { userid, script = "" }: { userid?: number; script?: string }) {
  const words = ["-e", `${script}; console.log("up"); setTimeout(() => {}, 1e6)`];
  const child: ChildProcess = spawn(process.execPath, words, {
    env: { FLUX_URI: uri },
    stdio: ["ignore", "pipe", "inherit"],
    ...(userid === undefined ? {} : { uid: userid, gid: userid }),
  });
  await once(child.stdout!, "data");
  return {
    word: `pid:${child.pid}`,
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

test("the URI of a process of the caller is followed", async () => {
  await using own = await processWith(SSH, {});
  assert.equal(await resolveToFollow(own.word), SSH);
  await using descriptor = await processWith("fd://0", {});
  await rejects(
    resolveToFollow(descriptor.word),
    "EINVAL",
    "fd://0 is neither local:// nor ssh://, so it is not followed",
  );
});

test("the URI of another user's process needs the caller's word to run ssh", asRoot, async () => {
  await using other = await processWith(SSH, { userid: GUEST });
  const text = `${SSH} comes from process ${other.pid} of user ${GUEST}, and it ${WORD}`;
  await rejects(resolveToFollow(other.word), "EPERM", text);
  await rejects(resolveToFollow(`${other.word}?remote`), "EPERM", text);
  assert.equal(await resolveToFollow(other.word, { trustForeignUri: true }), SSH);
  assert.equal(await resolveToFollow(`${other.word}?local`), "local:///run/flux/local");
  assert.equal(await resolveUri(other.word), SSH);
  await using socket = await processWith("local:///x", { userid: GUEST });
  assert.equal(await resolveToFollow(socket.word), "local:///x");
});

test("a process that runs as two users counts as the other's", asRoot, async () => {
  for (const script of [`process.seteuid(${GUEST})`, `process.setgroups([]); process.seteuid(${GUEST})`]) {
    await using both = await processWith(SSH, { script });
    await rejects(resolveToFollow(both.word), "EPERM");
  }
});

test("the URI of a job is followed when the job is the caller's", async () => {
  await using instance = await TestInstance.start();
  const flux = await instance.connect();
  const own = process.getuid?.() ?? 0;
  let job: { userid?: number; uri: string };
  await using _service = await flux.serve("job-list", {
    "list-id": () => {
      const { userid, uri } = job;
      const whose = userid === undefined ? {} : { userid };
      return { job: { state: 16, annotations: { user: { uri } }, ...whose } };
    },
  });
  const options = { env: { FLUX_URI: instance.uri } };
  job = { userid: own, uri: SSH };
  assert.equal(await resolveToFollow("f1", options), SSH);
  job = { userid: own + 1, uri: SSH };
  const text = `${SSH} comes from job f1 of user ${own + 1}, and it ${WORD}`;
  await rejects(resolveToFollow("f1", options), "EPERM", text);
  assert.equal(await resolveToFollow("f1", { ...options, trustForeignUri: true }), SSH);
  assert.equal(await resolveUri("f1", options), SSH);
  assert.equal(await resolveToFollow("f1?local", options), "local:///run/flux/local");
  // What is behind the job of another user is that user's word too, and its first step is refused already.
  await rejects(resolveUri("f1/..", options), "EPERM", text);
  job = { uri: SSH };
  await assert.rejects(resolveToFollow("f1", options), { code: "EPERM", message: /job f1 of user unknown/ });
  job = { userid: own, uri: "fd://3" };
  await rejects(resolveToFollow("f1", options), "EINVAL");
  job = { userid: own + 1, uri: instance.uri };
  assert.equal(await resolveUri("f1/.", options), instance.uri);
});

test(
  "a parent that the broker of another user names needs the caller's word to run ssh",
  asRoot,
  async () => {
    await using folder = await TemporaryFolder.make();
    await chmod(folder.path, 0o777);
    const path = folder.of("s");
    // The kernel notes who listens.
    process.seteuid!(GUEST);
    const attributes = { "instance-level": "1", "parent-uri": SSH };
    const broker = await Broker.start({ socketPath: path, attributes }).finally(() => process.seteuid!(0));
    try {
      using ssh = new FakeSsh('echo "fake ssh was run" >&2; exit 255');
      const env = { ...ssh.env(), FLUX_URI: `local://${path}` };
      const text = `${SSH} comes from the broker of user ${GUEST} at local://${path}, and it ${WORD}`;
      await rejects(connect("..", { env }), "EPERM", text);
      await rejects(resolveToFollow("..", { env }), "EPERM", text);
      await rejects(connect("..", { env, trustForeignUri: true }), "ECONNRESET", "fake ssh was run");
      assert.equal(await resolveToFollow("..", { env, trustForeignUri: true }), SSH);
    } finally {
      await broker.stop();
    }
  },
);

test("a parent that the caller's own broker names is followed, if it leads to a socket or a host", async () => {
  using ssh = new FakeSsh('echo "fake ssh was run" >&2; exit 255');
  for (const [parent, code] of [
    [SSH, "ECONNRESET"],
    ["fd://0", "EINVAL"],
    ["loop://", "EINVAL"],
  ] as const) {
    const attributes = { "instance-level": "1", "parent-uri": parent };
    await using instance = await TestInstance.start({ attributes });
    await rejects(connect("..", { env: { ...ssh.env(), FLUX_URI: instance.uri } }), code);
  }
});
