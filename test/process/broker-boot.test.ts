import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { connect } from "../../src/connect/index.ts";
import { TemporaryFolder } from "../helpers/temporary-folder.ts";
import { CliProcess, fluxbus } from "./cli-process.ts";

/** Longest wait for something that brokers do, in milliseconds. */
const WAIT_MS = 15_000;

describe("fluxbus broker as a rank", () => {
  let folder: TemporaryFolder;
  before(async () => {
    folder = await TemporaryFolder.make();
    assert.equal((await fluxbus(["keygen", folder.of("cert")])).status, 0);
    const uri = `ipc://${folder.path}/tbon-%h`;
    await folder.write(
      "conf.toml",
      `[bootstrap]
curve_cert = "${folder.of("cert")}"
default_bind = "${uri}"
default_connect = "${uri}"
hosts = [ { host = "fake[0-1]" } ]
`,
    );
  });
  after(() => folder[Symbol.asyncDispose]());
  const broker = (...words: string[]) =>
    new CliProcess(["broker", "--print-uri", ...words], { env: { TMPDIR: folder.path } });
  const uriOf = async (started: CliProcess): Promise<string> => {
    await started.wrote(/\n/);
    return started.stdout.trim();
  };

  test("joins the others of its configuration, and ends with its instance", async () => {
    const brokers = [1, 0].map((rank) => broker(`-c${folder.of("conf.toml")}`, `-Shostname=fake${rank}`));
    const [leafUri, leaderUri] = await Promise.all(brokers.map(uriOf));
    await using leaf = await connect(leafUri!, { env: {} });
    await using leader = await connect(leaderUri!, { env: {} });
    await leader.rpc("state-machine.wait", {}, { timeoutMs: WAIT_MS });
    assert.deepEqual(
      await Promise.all(["rank", "size", "broker.boot-method"].map((name) => leaf.attributes.get(name))),
      ["1", "2", "config"],
    );
    assert.equal((await leaf.rpc("broker.ping", {}, { nodeid: 0 }))["rank"], 0);
    await leader.rpc("shutdown.start", { loglevel: 3 });
    const outcomes = await Promise.all(brokers.map(({ outcome }) => outcome));
    assert.deepEqual(
      outcomes.map(({ status, stderr }) => [status, stderr]),
      [
        [0, ""],
        [0, ""],
      ],
    );
  });

  test("is alone when it is told to be, or many", async () => {
    const alone = broker(`-c${folder.of("conf.toml")}`, "--boot=single");
    const many = broker("--size=5", "--topology=kary:1", `--rundir=${folder.of("many")}`);
    const uris = await Promise.all([alone, many].map(uriOf));
    const sizes = uris.map(async (uri) => {
      await using flux = await connect(uri, { env: {} });
      return [await flux.attributes.get("size"), await flux.attributes.get("tbon.maxlevel")];
    });
    assert.deepEqual(await Promise.all(sizes), [
      ["1", "0"],
      ["5", "4"],
    ]);
    assert.equal(uris[1], `local://${join(folder.path, "many", "local-0")}`);
    const ends = await Promise.all([alone, many].map((started) => started.end("SIGTERM")));
    assert.deepEqual(
      ends.map(({ status, stderr }) => [status, stderr]),
      [
        [0, ""],
        [0, ""],
      ],
    );
  });

  test("says why it can't join", async () => {
    const [stranger, nobody, both] = await Promise.all([
      broker(`-c${folder.of("conf.toml")}`, "-Shostname=other").outcome,
      broker("--boot=simple").outcome,
      broker("--boot=single", "--size=2").outcome,
    ]);
    assert.deepEqual([stranger.status, nobody.status, both.status], [1, 1, 2]);
    assert.match(stranger.stderr, /^fluxbus broker: .*other not found in hosts/);
    assert.match(nobody.stderr, /^fluxbus broker: bootstrap: none of simple is to be had here\n/);
    assert.match(both.stderr, /^fluxbus broker: --size goes without --boot\n/);
  });
});
