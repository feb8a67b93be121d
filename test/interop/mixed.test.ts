import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Flux } from "../../src/client/index.ts";
import { BrokerProcesses } from "../helpers/broker-processes.ts";
import { runFlux } from "../helpers/run-flux.ts";
import { TemporaryFolder } from "../helpers/temporary-folder.ts";
import { testEvents } from "./mixed-events.ts";
import { testInstance } from "./mixed-instance.ts";
import { testLosses } from "./mixed-losses.ts";
import { testRequests } from "./mixed-requests.ts";
import { CHAIN, MIXES, RUN_MS, runs, unexpected } from "./mixes.ts";

for (const mix of MIXES) {
  const { name, kinds } = mix;
  describe(`${name}, by configuration`, () => {
    let folder: TemporaryFolder;
    let brokers: BrokerProcesses;
    const handles: Flux[] = [];
    before(async () => {
      folder = await TemporaryFolder.make();
      brokers = await BrokerProcesses.configured(folder.path, {
        size: kinds.length,
        topology: CHAIN,
        kind: (rank) => kinds[rank]!,
        runMs: RUN_MS,
      });
      for (const rank of kinds.keys()) brokers.start(rank);
      for (const rank of kinds.keys()) handles.push(await brokers.connect(rank));
      await Promise.all(handles.map(runs));
    });
    after(async () => {
      await brokers.kill();
      await Promise.all(handles.map((flux) => flux.close()));
      await folder[Symbol.asyncDispose]();
    });

    testRequests(() => handles);
    testEvents(mix, () => handles);
    testInstance(
      () => handles,
      () => brokers.processes.get(0)!.stderr,
    );
    testLosses(kinds.length, handles, () => brokers);

    test("flux shutdown ends all, in order", async () => {
      await runFlux(["shutdown", "--quiet"], { FLUX_URI: handles[0]!.uri });
      for (const rank of kinds.keys()) {
        const { status, signal, stdout, stderr } = await brokers.processes.get(rank)!.outcome;
        assert.deepEqual([status, signal, stdout, unexpected(stderr)], [0, null, "", ""], `rank ${rank}`);
        if (rank > 0) assert.equal(stderr, "");
      }
    });
  });
}
