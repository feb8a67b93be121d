import assert from "node:assert/strict";
import { test } from "node:test";
import { soakSlow } from "../../helpers/soak-slow.ts";
import { soakStreams } from "../../helpers/soak-streams.ts";

const KIB = 1024;
const LIMIT = 1024 * KIB;

/** The short form of scripts/soak.ts. */
test("thousands of streams that finish, fail, are left or aborted leave nothing behind", async () => {
  const left = await soakStreams(4000);
  assert.deepEqual(left.ended, { finished: 1000, failed: 1000, left: 1000, aborted: 1000 });
  assert.deepEqual([left.pending, left.serving, left.handleGrowth], [0, 0, 0]);
  assert(left.heapGrowth < 1024 * KIB, `the heap grew by ${left.heapGrowth} bytes`);
});

for (const policy of ["disconnect", "drop-events"] as const) {
  test(`a subscriber that does not read 20,000 events costs its limit (${policy})`, async () => {
    const cost = await soakSlow({ seconds: 2, eventsPerSecond: 10_000, limit: LIMIT, policy, readers: 3 });
    assert.deepEqual(
      cost.received,
      cost.received.map(() => cost.published),
      "no reader lost any",
    );
    assert.equal(cost.published, 20_000);
    assert.deepEqual(
      [cost.disconnects, cost.droppedEvents > 0],
      policy === "disconnect" ? [1, false] : [0, true],
    );
    assert(cost.longestQueue <= LIMIT + 64 * KIB, `a queue of ${cost.longestQueue} bytes`);
    assert(cost.memoryGrowth < LIMIT + 8192 * KIB, `memory grew by ${cost.memoryGrowth} bytes`);
  });
}
