import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import picocolors from "picocolors";
import { FluxError } from "../../../src/base/index.ts";
import { HostMap } from "../../../src/cli/host-map.ts";
import { overlayErrors } from "../../../src/cli/overlay-errors.ts";
import type { ChildHealth, Health } from "../../../src/cli/overlay-health.ts";
import { describeNode, statusLine, statusWords } from "../../../src/cli/overlay-status-line.ts";
import { OverlayTopology, type TopologyNode } from "../../../src/cli/overlay-topology.ts";
import { type WalkOptions, walkHealth, withoutFull } from "../../../src/cli/overlay-walk.ts";
import { drawTree } from "../../../src/cli/tree-drawing.ts";

/** Two children each, as `kary:2` has them. */
function binaryTree(size: number, rank = 0): TopologyNode {
  const below = [2 * rank + 1, 2 * rank + 2].filter((child) => child < size);
  const children = below.map((child) => binaryTree(size, child));
  return { rank, size: children.reduce((sum, child) => sum + child.size, 1), children };
}

const TOPOLOGY = new OverlayTopology(binaryTree(15));
const HOSTS = new HostMap([...Array(15).keys()].map((rank) => `fake${rank}`));

/**
 * An instance where rank 3 is lost with all behind it, 2 left in order, 4 does not answer, and 10 was not allowed in.
 */
const STATES: Readonly<Record<number, Omit<ChildHealth, "rank" | "duration">>> = {
  0: { status: "degraded" },
  1: { status: "degraded" },
  2: { status: "offline", error: "administrative shutdown" },
  3: { status: "lost", error: "lost connection" },
  4: { status: "partial" },
};

class Brokers {
  readonly asked: number[] = [];
  most = 0;
  #now = 0;
  readonly #states: typeof STATES;

  constructor(states: typeof STATES) {
    this.#states = states;
  }

  readonly ask = async (rank: number): Promise<Health> => {
    this.asked.push(rank);
    this.most = Math.max(this.most, ++this.#now);
    await turn();
    this.#now--;
    if (rank === 4 && this.#states[4] !== undefined)
      throw new FluxError("ETIMEDOUT", "no response within 500 ms");
    const children = TOPOLOGY.subtree(rank)!.children.map((child) => this.#health(child.rank));
    return { ...this.#health(rank), children };
  };

  #health(rank: number): ChildHealth {
    return { rank, duration: rank + 0.5, ...(this.#states[rank] ?? { status: "full" }) };
  }
}

function optionsOf(brokers: Brokers, changes: Partial<WalkOptions> = {}): WalkOptions {
  return {
    ask: brokers.ask,
    subtree: (rank) => TOPOLOGY.subtree(rank),
    leaves: false,
    ghosts: true,
    enters: () => true,
    most: 512,
    ...changes,
  };
}

const style = {
  hosts: HOSTS,
  verbose: 0,
  highlight: new Set<number>(),
  colors: picocolors.createColors(false),
};

async function drawn(changes: Partial<WalkOptions> = {}): Promise<string> {
  const root = await walkHealth(0, optionsOf(new Brokers(STATES), changes));
  return drawTree(root, (node) => statusLine(node, style)).join("\n");
}

describe("a walk over the tree", () => {
  test("tells of each rank what it says, what its parent says, or what is presumed", async () => {
    assert.equal(
      await drawn(),
      `
0 fake0: degraded
├─ 1 fake1: degraded
│  ├─ 3 fake3: lost lost connection
│  │  ├─ 7 fake7: lost
│  │  └─ 8 fake8: lost
│  └─ 4 fake4: Connection timed out
│     ├─ 9 fake9: partial
│     └─ 10 fake10: partial
└─ 2 fake2: offline administrative shutdown
   ├─ 5 fake5: offline
   │  ├─ 11 fake11: offline
   │  └─ 12 fake12: offline
   └─ 6 fake6: offline
      ├─ 13 fake13: offline
      └─ 14 fake14: offline`.trimStart(),
    );
  });

  test("without ghosts leaves out who can't be asked about", async () => {
    assert.equal(
      await drawn({ ghosts: false }),
      `
0 fake0: degraded
├─ 1 fake1: degraded
│  ├─ 3 fake3: lost lost connection
│  └─ 4 fake4: Connection timed out
└─ 2 fake2: offline administrative shutdown`.trimStart(),
    );
  });

  test("asks brokers with children, or all of them, so many at a time as it may", async () => {
    const inner = new Brokers({});
    await walkHealth(0, optionsOf(inner));
    assert.deepEqual(inner.asked, [0, 1, 2, 3, 4, 5, 6]);
    assert.equal(inner.most, 4);
    const all = new Brokers({});
    await walkHealth(0, optionsOf(all, { leaves: true, most: 3 }));
    assert.deepEqual(
      all.asked.sort((a, b) => a - b),
      [...Array(15).keys()],
    );
    assert.equal(all.most, 3);
  });

  test("does not enter what it is not to enter", async () => {
    const top = new Brokers(STATES);
    const root = await walkHealth(0, optionsOf(top, { enters: () => false }));
    assert.deepEqual(top.asked, [0]);
    assert.equal(statusWords(root, style), "degraded");
    assert.deepEqual(root.children, []);
  });

  test("of a subtree begins at its rank; a root that does not answer is a failure", async () => {
    const five = await walkHealth(5, optionsOf(new Brokers({})));
    assert.deepEqual([five.rank, ...five.children.map(({ rank }) => rank)], [5, 11, 12]);
    const four = await walkHealth(4, optionsOf(new Brokers(STATES)));
    assert.equal(four.failure?.code, "ETIMEDOUT");
  });

  test("can be cut down to what is missing", async () => {
    const states = { 0: { status: "degraded" }, 2: { status: "degraded" }, 6: { status: "lost" } };
    const root = withoutFull(await walkHealth(0, optionsOf(new Brokers(states))));
    assert.equal(
      drawTree(root!, (node) => statusLine(node, style)).join("\n"),
      `
0 fake0: degraded
└─ 2 fake2: degraded
   └─ 6 fake6: lost
      ├─ 13 fake13: lost
      └─ 14 fake14: lost`.trimStart(),
    );
    assert.equal(withoutFull(await walkHealth(0, optionsOf(new Brokers({})))), undefined);
  });
});

describe("a line of status", () => {
  const node = {
    rank: 3,
    status: "lost",
    duration: 153.2688,
    error: "lost connection",
    ms: 2.98249,
    children: [],
  };

  test("has times when they are asked for", () => {
    assert.equal(statusLine(node, style), "3 fake3: lost lost connection");
    assert.equal(statusLine(node, { ...style, verbose: 1 }), "3 fake3: lost for 2.55448m lost connection");
    assert.equal(
      statusLine(node, { ...style, verbose: 2 }),
      "3 fake3: lost for 2.55448m lost connection (2.982 ms)",
    );
    assert.equal(
      statusLine({ ...node, duration: 0 }, { ...style, verbose: 1 }),
      "3 fake3: lost lost connection",
    );
    assert.equal(statusWords(node, style), "lost lost connection");
  });

  test("says why a broker did not answer instead of what was believed", () => {
    const failure = new FluxError("EHOSTUNREACH");
    assert.equal(
      statusLine({ ...node, failure }, { ...style, verbose: 2 }),
      "3 fake3: No route to host (2.982 ms)",
    );
  });

  test("is marked, or coloured where there are colours", () => {
    const highlight = new Set([3]);
    assert.equal(statusLine(node, { ...style, highlight }), "<<3 fake3>>: lost lost connection");
    const colors = picocolors.createColors(true);
    assert.equal(
      statusLine(node, { ...style, highlight, colors }),
      "\u001b[1m\u001b[34m3 fake3\u001b[39m\u001b[22m: \u001b[31mlost\u001b[39m lost connection",
    );
    const ghost = { rank: 7, status: "lost", ghost: true, children: [] } as const;
    assert.equal(statusLine(ghost, { ...style, colors }), "7 fake7: \u001b[90mlost\u001b[39m");
    const offline = { rank: 7, status: "offline", children: [] };
    assert.equal(statusLine(offline, { ...style, colors }), "7 fake7: \u001b[33moffline\u001b[39m");
    assert.equal(statusLine({ ...offline, status: "full" }, { ...style, colors }), "7 fake7: full");
  });

  test("is an object in JSON", () => {
    const failure = new FluxError("ETIMEDOUT", "no response within 500 ms");
    const parent = { rank: 1, status: "full", failure, children: [node] };
    assert.equal(
      JSON.stringify(describeNode(parent, HOSTS)),
      '{"rank":1,"host":"fake1","status":"full","failure":"Connection timed out","children":[' +
        '{"rank":3,"host":"fake3","status":"lost","duration":153.2688,"error":"lost connection","children":[]}]}',
    );
  });
});

describe("errors of the tree", () => {
  const errorsOf = async (states: typeof STATES) =>
    overlayErrors(
      await walkHealth(0, optionsOf(new Brokers(states), { leaves: true, ghosts: false })),
      TOPOLOGY,
    );

  test("are put together by their reasons, in the order of ranks", async () => {
    assert.deepEqual(await errorsOf(STATES), [
      { error: "administrative shutdown", ranks: [2] },
      { error: "lost connection", ranks: [3] },
      { error: "Connection timed out", ranks: [4] },
      { error: "lost parent", ranks: [7, 8, 9, 10] },
    ]);
  });

  test("are none for who has not come yet, and unknown for a loss without a reason", async () => {
    assert.deepEqual(await errorsOf({ 1: { status: "offline" } }), []);
    assert.deepEqual(await errorsOf({ 13: { status: "lost" }, 14: { status: "lost", error: "" } }), [
      { error: "unknown error", ranks: [13, 14] },
    ]);
  });
});

describe("the topology of an instance", () => {
  test("knows parents and what is below", () => {
    assert.equal(TOPOLOGY.parentOf(14), 6);
    assert.equal(TOPOLOGY.parentOf(2), 0);
    assert.deepEqual(
      TOPOLOGY.ranksBelow(2).sort((a, b) => a - b),
      [5, 6, 11, 12, 13, 14],
    );
    assert.deepEqual(TOPOLOGY.ranksBelow(14), []);
    assert.throws(() => TOPOLOGY.parentOf(0), { code: "EINVAL", message: "0 has no parent" });
    assert.throws(() => TOPOLOGY.parentOf(15), { message: "15 is not a valid rank in this instance" });
  });

  test("adds the ancestors of ranks, and names ranks that are none", () => {
    assert.deepEqual(
      [...TOPOLOGY.withAncestors([14, 3])].sort((a, b) => a - b),
      [0, 1, 2, 3, 6, 14],
    );
    assert.deepEqual([...TOPOLOGY.withAncestors([])], []);
    assert.throws(() => TOPOLOGY.withAncestors([15]), { message: "rank 15 not in set 0-14" });
    assert.throws(() => TOPOLOGY.withAncestors([0, 15, 16]), { message: "ranks 15-16 not in set 0-14" });
  });
});
