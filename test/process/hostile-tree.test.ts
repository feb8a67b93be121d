import assert from "node:assert/strict";
import { test } from "node:test";
import { attackChild, attackParent } from "../helpers/hostile-tree.ts";
import { seededRandom } from "../helpers/message-fuzz.ts";
import { TemporaryFolder } from "../helpers/temporary-folder.ts";

/** Messages of each; `npm run hostile` sends a million. */
const MESSAGES = 3000;
const MOST_LINES = 300;

for (const [who, attack] of [
  ["child, which says hello in a bundle at first", attackParent],
  ["parent", attackChild],
] as const)
  test(`with a hostile ${who}, the other ranks and their clients go on`, async () => {
    await using folder = await TemporaryFolder.make();
    const report = await attack(MESSAGES, seededRandom(2026), folder);
    assert.equal(report.sent, MESSAGES);
    assert(report.logLines < MOST_LINES, `${report.logLines} lines in the log`);
  });
