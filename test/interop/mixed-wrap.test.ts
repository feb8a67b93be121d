import assert from "node:assert/strict";
import { chmod, mkdir } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import type { Flux } from "../../src/client/index.ts";
import { runFlux } from "../helpers/run-flux.ts";
import { TemporaryFolder } from "../helpers/temporary-folder.ts";
import { CliProcess, FLUX_BROKER } from "../process/cli-process.ts";
import { testEvents } from "./mixed-events.ts";
import { testInstance } from "./mixed-instance.ts";
import { testRequests } from "./mixed-requests.ts";
import { CHAIN, connectRank, MIXES, RUN_MS, runs, unexpected } from "./mixes.ts";

/** What `flux start` runs before each broker: fluxbus's in the place of flux-core's, whose path comes first, for the ranks of `FLUXBUS_RANKS`. */
const WRAP = `#!/bin/sh
case " $FLUXBUS_RANKS " in *" $PMI_RANK "*)
  shift
  exec '${process.execPath}' '${FLUX_BROKER}' "$@" ;;
esac
exec "$@"
`;

/** Kills the brokers of a `flux start` that listens on the socket: it ends then, too. */
async function killBrokers(socket: string): Promise<void> {
  await using start = await connectRank(socket);
  const { procs } = await start.rpc<{ procs: { pid: number }[] }>("start.status");
  for (const { pid } of procs) if (pid > 0) process.kill(pid, "SIGKILL");
}

for (const mix of MIXES) {
  const { name, kinds } = mix;
  describe(`${name}, by flux start --wrap`, () => {
    let folder: TemporaryFolder;
    let start: CliProcess;
    const handles: Flux[] = [];
    before(async () => {
      folder = await TemporaryFolder.make({ wrap: WRAP });
      await chmod(folder.of("wrap"), 0o755);
      await mkdir(folder.of("run"), { mode: 0o700 });
      const words = [
        "start",
        `--test-size=${kinds.length}`,
        `--test-hosts=fake[0-${kinds.length - 1}]`,
        `--test-rundir=${folder.of("run")}`,
        `--wrap=${folder.of("wrap")}`,
        `-Stbon.topo=${CHAIN}`,
        "-Sbroker.rc1_path=",
        "-Sbroker.rc3_path=",
        "-Sbroker.rc2_none",
      ];
      const FLUXBUS_RANKS = [...kinds.keys()].filter((rank) => kinds[rank] === "fluxbus").join(" ");
      start = new CliProcess(words, {
        command: "flux",
        env: { FLUXBUS_RANKS, FLUX_EXEC_PATH_PREPEND: "" },
        runMs: RUN_MS,
      });
      for (const rank of kinds.keys()) handles.push(await connectRank(folder.of(`run/local-${rank}`)));
      await Promise.all(handles.map(runs));
    });
    after(async () => {
      if (!start.ended) await killBrokers(folder.of("run/start"));
      await start.outcome;
      await Promise.all(handles.map((flux) => flux.close()));
      await folder[Symbol.asyncDispose]();
    });

    test("the brokers have met by PMI", async () => {
      for (const flux of handles) assert.equal(await flux.attributes.get("broker.boot-method"), "simple");
      for (const [rank, { uri }] of handles.entries())
        assert.equal(uri, `local://${folder.of(`run/local-${rank}`)}`);
    });
    testRequests(() => handles);
    testEvents(mix, () => handles);
    testInstance(
      () => handles,
      () => start.stderr,
    );

    test("flux shutdown ends all, in order", async () => {
      await runFlux(["shutdown", "--quiet"], { FLUX_URI: handles[0]!.uri });
      const { status, signal, stdout, stderr } = await start.outcome;
      assert.deepEqual([status, signal, stdout, unexpected(stderr)], [0, null, "", ""]);
    });
  });
}
