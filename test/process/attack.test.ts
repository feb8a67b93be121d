import assert from "node:assert/strict";
import { chmod } from "node:fs/promises";
import { test } from "node:test";
import { isRoot, whyNoGuests } from "../helpers/attack/attacked-broker.ts";
import { selectAttacks } from "../helpers/attack/attacks.ts";
import { Campaign } from "../helpers/attack/campaign.ts";
import type { RoundReport } from "../helpers/attack/round.ts";
import { describeRound } from "../helpers/attack/summary.ts";
import { TemporaryFolder } from "../helpers/temporary-folder.ts";

/** One or two attacks of each kind, each with its seed and small sizes; waits are not measured. The long form is scripts/attack.ts. */
const PLAYED: Readonly<Record<string, number>> = {
  "json-of-broker": 1,
  "json-of-service": 2,
  "routes-large-stacks": 3,
  // The request is for the owner's service, and of exactly the limit.
  "oversize-by-routes": 7,
  "topics-of-messages": 768,
  "prefixes-of-one": 5,
  "state-streams": 6,
  "unfinished-frames": 8,
  "descriptors-hoard": 9,
  "mute-subscribers": 10,
  "unanswered-methods": 11,
  "forgery-of-responses": 12,
  "followers-idle": 13,
  "logs-malformed": 777,
  "logs-refused": 15,
  "broken-frames": 16,
  "events-many": 17,
  "tree-pending": 18,
  "tree-forgery": 19,
};
const SCALE = 1 / 64;
const PLAY_MS = 1000;

test("a broker that guests attack keeps what is the owner's", {
  skip: isRoot ? false : "needs root",
}, async () => {
  assert.equal(whyNoGuests(), undefined);
  await using folder = await TemporaryFolder.make();
  await chmod(folder.path, 0o755);
  const reports: RoundReport[] = [];
  await using campaign = new Campaign({
    folder: folder.path,
    attacks: Object.entries(PLAYED).map(([name, seed]) => ({ attack: selectAttacks(name)[0]!, seed })),
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
