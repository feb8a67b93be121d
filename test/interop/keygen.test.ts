import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { promisify } from "node:util";
import { readCurveCert, writeCurveCert } from "../../src/config/index.ts";
import { decodeFrames, encodeFrames, Message, Role, textPayload } from "../../src/message/index.ts";
import { generateCurveKeys, parseVersion, ZeroMqTransport } from "../../src/overlay/index.ts";
import { TemporaryFolder } from "../helpers/temporary-folder.ts";
import { until } from "../helpers/until.ts";

const run = promisify(execFile);
const BOUNDED = { timeout: 60_000 };

/** Folder of a configuration for two brokers, of which the first listens at `uri` with the keys in `cert`. */
async function configFolder(): Promise<TemporaryFolder> {
  const folder = await TemporaryFolder.make();
  await folder.write(
    "conf.d/bootstrap.toml",
    `[bootstrap]
curve_cert = "${folder.of("cert")}"
hosts = [
  { host = "fake0", bind = "ipc://${folder.of("tbon-0")}", connect = "ipc://${folder.of("tbon-0")}" },
  { host = "fake1" },
]
`,
  );
  return folder;
}

/** Runs a broker of flux-core as rank 0 until `body` is done, with what it says on standard error. */
async function withBroker(
  folder: TemporaryFolder,
  body: (errors: () => string, ended: () => boolean) => Promise<void>,
): Promise<void> {
  const off = ["broker.rc1_path=", "broker.rc3_path=", "hostname=fake0", `rundir=${folder.path}`];
  const words = ["broker", "-c", folder.of("conf.d"), ...off.map((it) => `-S${it}`), "cat"];
  const env = { ...process.env };
  delete env["FLUX_EXEC_PATH_PREPEND"];
  const broker = spawn("flux", words, { env, stdio: ["pipe", "ignore", "pipe"] });
  broker.stdin.on("error", () => {});
  let errors = "";
  broker.stderr.on("data", (chunk) => (errors += chunk));
  try {
    await body(
      () => errors,
      () => broker.exitCode !== null,
    );
  } finally {
    // Its program ends with standard input, it by the signal: it would wait for the child that said hello.
    broker.stdin.end();
    broker.kill("SIGKILL");
  }
}

test("flux-core and fluxbus write what the other reads", BOUNDED, async () => {
  await using folder = await TemporaryFolder.make();
  const [theirs, ours] = [folder.of("theirs"), folder.of("ours")];
  await run("flux", ["keygen", "--name=cluster", "--meta=a=b,site.name=x y", theirs]);
  const cert = await readCurveCert(theirs);
  assert.equal(cert.metadata.get("name"), "cluster");
  assert.equal(cert.metadata.get("site.name"), "x y");
  await writeCurveCert(ours, cert);
  assert.deepEqual(await readCurveCert(ours), cert);
});

test("a broker of flux-core lets a child in that has the keys which fluxbus made", BOUNDED, async () => {
  await using folder = await configFolder();
  const keys = generateCurveKeys();
  await writeCurveCert(folder.of("cert"), { ...keys, metadata: new Map([["name", "both"]]) });
  const { stdout } = await run("flux", ["version"]);
  const version = parseVersion(/libflux-core:\s+(\S+)/.exec(stdout)![1]!);
  await withBroker(folder, async (errors, ended) => {
    await using stranger = await ZeroMqTransport.open();
    await using child = await ZeroMqTransport.open({ keys });
    const identity = randomUUID();
    const hello = Message.request({
      topic: "overlay.hello",
      payload: textPayload(
        JSON.stringify({ rank: 1, version, uuid: identity, status: 1, hostname: "fake1" }),
      ),
      rolemask: Role.OWNER,
    });
    const responses: Message[] = [];
    const uri = `ipc://${folder.of("tbon-0")}`;
    for (const transport of [stranger, child]) {
      const link = transport.connect({
        uri,
        serverKey: keys.publicKey,
        identity: transport === child ? identity : randomUUID(),
        receive: (frames) => {
          assert.equal(transport, child, "the stranger gets no answer");
          responses.push(decodeFrames(frames));
        },
      });
      link.send(encodeFrames(hello));
    }
    await until(() => responses.length > 0 || ended(), "a response to hello", 30_000);
    const [response] = responses;
    assert.equal(response?.errnum, 0, `${response?.text} ${errors()}`);
    assert.equal(response.topic, "overlay.hello");
    assert.match(response.text!, /^\{"uuid":"[0-9a-f-]{36}"\}$/);
    await until(() => /overlay auth No access/.test(errors()), "a line about the stranger");
  });
});

test("a broker of flux-core refuses a file that fluxbus refuses too", BOUNDED, async () => {
  await using folder = await configFolder();
  const keys = generateCurveKeys();
  await writeCurveCert(folder.of("cert"), {
    ...keys,
    publicKey: generateCurveKeys().publicKey,
    metadata: new Map(),
  });
  await assert.rejects(readCurveCert(folder.of("cert")), { code: "EINVAL" });
  await withBroker(folder, async (errors, ended) => {
    await until(ended, "the end of the broker", 30_000);
    assert.match(errors(), /Invalid argument/);
  });
});
