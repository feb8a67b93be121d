import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Flux } from "../../src/client/index.ts";
import { connect } from "../../src/connect/index.ts";
import { TemporaryFolder } from "../helpers/temporary-folder.ts";
import { until } from "../helpers/until.ts";
import { CliProcess, MAIN } from "./cli-process.ts";

/** As many clients as the broker has descriptors for. */
async function takeAll(uri: string): Promise<Flux[]> {
  const clients: Flux[] = [];
  for (;;) {
    try {
      clients.push(await connect(uri, { retries: 0, signal: AbortSignal.timeout(2000) }));
    } catch {
      return clients;
    }
  }
}

const COMMAND = { cmdline: ["true"], env: {}, opts: {}, channels: [] };

async function exec(flux: Flux): Promise<string> {
  const types: unknown[] = [];
  for await (const { type } of flux.stream("rexec.exec", { cmd: COMMAND, flags: 0 })) types.push(type);
  return types.join();
}

describe("a broker that is out of descriptors", () => {
  test("fails what needs one, and serves it as soon as there are some", async () => {
    await using folder = await TemporaryFolder.make({
      "mine.mjs":
        "import './part.mjs'; export default (flux, args, { serve }) => serve({ ok: () => ({ ok: true }) });",
      "part.mjs": "",
      "conf/a.toml": "a = 1",
    });
    const line = 'ulimit -n 110; exec "$0" "$@"';
    const words = ["broker", "--print-uri", "-c", folder.of("conf"), `--rundir=${folder.of("run")}`];
    const broker = new CliProcess(["-c", line, process.execPath, MAIN, ...words], {
      command: "/bin/sh",
      runMs: 120_000,
    });
    await broker.wrote(/local-0\n/);
    const clients = await takeAll(broker.stdout.trim());
    const [flux] = clients;
    assert(flux !== undefined && clients.length < 110, `${clients.length} clients`);
    const load = { path: folder.of("mine.mjs"), args: [], exec: false };
    try {
      await assert.rejects(exec(flux), { code: "EMFILE" });
      await assert.rejects(flux.rpc("module.load", load), { code: /^EMFILE$/ });
      await assert.rejects(flux.rpc("config.reload"), { code: "EMFILE" });
      // A part of the package is loaded with descriptors that were kept for it.
      await flux.rpc("module.load", { path: "heartbeat", args: [], exec: false });
      await flux.rpc("module.remove", { name: "heartbeat" });
      await Promise.all(clients.splice(1).map((client) => client.close()));
      await until(
        async () => (await flux.rpc<{ clients: number }>("broker.stats")).clients === 1,
        "the end of the clients",
      ).catch(() => {});
      assert.equal(await exec(flux), "started,finished");
      await flux.rpc("module.load", load);
      assert.deepEqual(await flux.rpc("mine.ok"), { ok: true });
      await flux.rpc("config.reload");
    } finally {
      await Promise.all(clients.map((client) => client.close()));
    }
    assert.equal((await broker.end("SIGTERM")).signal, null);
  });
});
