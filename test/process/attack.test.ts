import assert from "node:assert/strict";
import { chmod } from "node:fs/promises";
import { test } from "node:test";
import { isRoot, whyNoGuests } from "../helpers/attack/attacked-broker.ts";
import { ATTACKS, kindsOf } from "../helpers/attack/attacks.ts";
import { Campaign } from "../helpers/attack/campaign.ts";
import type { RoundReport } from "../helpers/attack/round.ts";
import { describeRound } from "../helpers/attack/summary.ts";
import { TemporaryFolder } from "../helpers/temporary-folder.ts";

/** Each kind of attack once, with small sizes; waits are not measured. The long form is scripts/attack.ts. */
const SEED = 764;
const SCALE = 1 / 64;
const PLAY_MS = 700;

test("a broker that guests attack keeps what is the owner's", {
  skip: isRoot ? false : "needs root",
}, async () => {
  assert.equal(whyNoGuests(), undefined);
  await using folder = await TemporaryFolder.make();
  await chmod(folder.path, 0o755);
  const reports: RoundReport[] = [];
  await using campaign = new Campaign({
    folder: folder.path,
    attacks: ATTACKS,
    rounds: kindsOf(ATTACKS).length,
    seed: SEED,
    scale: SCALE,
    playMs: PLAY_MS,
    isTimed: false,
    report: (_round, report) => reports.push(report),
  });
  await campaign.run();
  const lost = reports.map((report, round) => [report, round] as const);
  const lines = lost.filter(([{ failures }]) => failures.length > 0).map(([it, n]) => describeRound(n, it));
  assert.equal(lines.join("\n"), "");
});
