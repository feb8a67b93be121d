import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { describe, test } from "node:test";
import { connect } from "../../src/connect/index.ts";
import { PmiServer } from "../../src/instance/pmi-server.ts";
import { PmiSockets } from "../../src/instance/pmi-sockets.ts";
import { TemporaryFolder } from "../helpers/temporary-folder.ts";
import { until, within } from "../helpers/until.ts";
import { FLUX_BROKER, MAIN } from "../process/cli-process.ts";

/** Longest wait for something that brokers do, in milliseconds. */
const WAIT_MS = 15_000;

const PMI_FD = 3;

/** Brokers of both packages, by rank. The middle of the tree is flux-core's. */
const BROKERS: readonly (readonly string[])[] = [
  [process.execPath, MAIN, "broker"],
  ["flux", "broker"],
  [process.execPath, FLUX_BROKER],
  ["flux", "broker"],
];

function start(rank: number, rundir: string): ChildProcess {
  const [file, ...words] = BROKERS[rank]!;
  const set = {
    rundir,
    "tbon.topo": "kary:2",
    "broker.rc1_path": "",
    "broker.rc3_path": "",
    ...(words.includes(MAIN) ? {} : { "broker.rc2_none": "1" }),
  };
  const { FLUX_URI: _uri, ...env } = process.env;
  const pmi = { PMI_FD: String(PMI_FD), PMI_RANK: String(rank), PMI_SIZE: String(BROKERS.length) };
  return spawn(file!, [...words, ...Object.entries(set).map(([name, value]) => `-S${name}=${value}`)], {
    env: { ...env, ...pmi, FLUX_EXEC_PATH_PREPEND: "" },
    stdio: ["ignore", "inherit", "inherit", "pipe"],
  });
}

describe("brokers of both packages under our PMI server", () => {
  test("make one instance", async () => {
    await using folder = await TemporaryFolder.make();
    const size = BROKERS.length;
    const failures: string[] = [];
    const sockets = new PmiSockets({
      server: new PmiServer({ size, entries: { PMI_process_mapping: `(vector,(0,1,${size}))` } }),
      failed: (rank, text) => failures.push(`${rank}: ${text}`),
    });
    const children = BROKERS.map((_, rank) => start(rank, folder.path));
    const ends = children.map(async (child) => (await once(child, "exit"))[0] as number | null);
    try {
      for (const [rank, child] of children.entries()) sockets.attach(rank, child.stdio[PMI_FD] as Socket);
      const uri = (rank: number) => `local://${folder.path}/local-${rank}`;
      const handle = async (rank: number) => await connect(uri(rank), { env: {}, retries: 0 });
      const answers = (rank: number) =>
        handle(rank).then(
          (flux) => flux.close().then(() => true),
          () => false,
        );
      for (const rank of children.keys()) await until(() => answers(rank), `rank ${rank} listens`, WAIT_MS);
      {
        await using leader = await handle(0);
        await using leaf = await handle(3);
        await leaf.rpc("state-machine.wait", {}, { timeoutMs: WAIT_MS });
        for (const nodeid of children.keys()) {
          for (const flux of [leader, leaf]) {
            assert.equal((await flux.rpc("broker.ping", {}, { nodeid, timeoutMs: WAIT_MS }))["rank"], nodeid);
          }
        }
        assert.equal(await leaf.attributes.get("broker.mapping"), `[[0,1,${size},1]]`);
        await leader.rpc("shutdown.start", { loglevel: 3 });
      }
      assert.deepEqual(await within(Promise.all(ends), "all brokers end", WAIT_MS), [0, 0, 0, 0]);
      assert.deepEqual(failures, []);
    } finally {
      for (const child of children) child.kill("SIGKILL");
      await Promise.all(ends);
      sockets.close();
    }
  });
});
