import assert from "node:assert/strict";
import { test } from "node:test";
import { FAULT_ATTRIBUTES, FaultLoop } from "../helpers/fault-loop.ts";
import { chooseFault } from "../helpers/fault-plan.ts";
import { seededRandom } from "../helpers/message-fuzz.ts";
import { SupervisedTree } from "../helpers/supervised-tree.ts";
import { TemporaryFolder } from "../helpers/temporary-folder.ts";

/** Each kind of fault at each kind of rank; none that lasts. The long form is scripts/faults.ts. */
const SEED = 764;
const FAULTS = 8;

test("nothing hangs and nothing is left behind when brokers die or stop", async () => {
  await using folder = await TemporaryFolder.make();
  const tree = await SupervisedTree.start(folder.path, {
    size: 7,
    topology: "kary:2",
    attributes: FAULT_ATTRIBUTES,
    runMs: 300_000,
  });
  try {
    await using loop = await FaultLoop.over(tree, SEED);
    const random = seededRandom(SEED);
    for (let i = 0; i < FAULTS; i++) await loop.run(chooseFault(tree.topology, random));
    assert(loop.pings.outcomes.get("answered")! > 100);
  } finally {
    await tree.stop();
  }
});
