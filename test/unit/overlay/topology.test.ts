import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeIdset } from "../../../src/base/index.ts";
import { type ParentScheme, Topology } from "../../../src/overlay/index.ts";

function parents(topology: Topology): number[] {
  return Array.from({ length: topology.size }, (_, rank) => topology.parent(rank) ?? -1);
}

function custom(...parentOf: (string | undefined)[]): ParentScheme {
  return parentOf.map((parent, rank) => ({ host: `h${rank}`, parent }));
}

test("each scheme gives every rank its parent", () => {
  const cases: [string, number, number[]][] = [
    ["kary:2", 7, [-1, 0, 0, 1, 1, 2, 2]],
    ["kary:1", 4, [-1, 0, 1, 2]],
    ["kary:0", 4, [-1, 0, 0, 0]],
    ["kary:32", 1, [-1]],
    ["mincrit:2", 7, [-1, 0, 0, 1, 2, 1, 2]],
    ["mincrit:0", 4, [-1, 0, 0, 0]],
    ["mincrit:", 3, [-1, 0, 0]],
    ["mincrit:9", 4, [-1, 0, 0, 0]],
    ["binomial", 8, [-1, 0, 0, 2, 0, 4, 4, 6]],
    ["binomial", 5, [-1, 0, 0, 2, 0]],
    ["custom", 3, [-1, 0, 0]],
  ];
  for (const [scheme, size, expected] of cases)
    assert.deepEqual(parents(Topology.of(scheme, size)), expected, `${scheme} of ${size}`);
  const hosts = custom(undefined, "h2", undefined, "h1");
  assert.deepEqual(parents(Topology.of("custom", 4, hosts)), [-1, 2, 0, 1]);
  assert.deepEqual(parents(Topology.of("kary:0", 4, hosts)), [-1, 0, 0, 0]);
});

test("internal ranks are those with children", () => {
  const cases: [number, string, string][] = [
    [1, "kary:2", ""],
    [2, "kary:2", "0"],
    [4, "kary:2", "0-1"],
    [16, "kary:2", "0-7"],
    [48, "kary:16", "0-2"],
    [16, "binomial", "0,2,4,6,8,10,12,14"],
    [3, "mincrit:2", "0"],
    [5, "mincrit:2", "0-2"],
    [1025, "mincrit", "0"],
    [1026, "mincrit", "0-2"],
    [2051, "mincrit", "0-2"],
    [2052, "mincrit", "0-3"],
    [10_800, "mincrit", "0-11"],
  ];
  for (const [size, scheme, expected] of cases)
    assert.equal(encodeIdset(Topology.of(scheme, size).internalRanks()), expected, `${scheme} of ${size}`);
});

test("levels, descendants, children and routes of a binary tree", () => {
  const topology = Topology.of("kary:2", 16);
  assert.equal(topology.maxLevel, 4);
  assert.deepEqual(
    [0, 1, 7, 15].map((rank) => topology.level(rank)),
    [0, 1, 3, 4],
  );
  assert.deepEqual(
    [0, 1, 3, 7, 15].map((rank) => topology.descendants(rank)),
    [15, 7, 3, 1, 0],
  );
  assert.deepEqual(topology.children(1), [3, 4]);
  assert.deepEqual(topology.children(15), []);
  assert.deepEqual(topology.ranksBelow(1), [1, 3, 4, 7, 8, 9, 10, 15]);
  assert.equal(topology.childRoute(1, 10), 4);
  assert.equal(topology.childRoute(0, 10), 1);
  for (const rank of [0, 1, 2, 5, 16, 0xffffffff, -1]) assert.equal(topology.childRoute(1, rank), undefined);
});

test("the route to a rank is the one that climbing from it finds", () => {
  const hosts = custom(undefined, "h9", "h1", undefined, "h9", "h3", "h5", "h5", "h2", "h3");
  const topologies = [Topology.of("custom", 10, hosts)];
  for (const scheme of ["kary:1", "kary:3", "mincrit:4", "binomial"])
    topologies.push(Topology.of(scheme, 40));
  for (const topology of topologies) {
    const climb = (from: number, to: number): number | undefined => {
      for (let at: number | undefined = to; at !== undefined; at = topology.parent(at))
        if (topology.parent(at) === from) return at;
      return undefined;
    };
    for (let from = 0; from < topology.size; from++)
      for (let to = 0; to < topology.size; to++)
        assert.equal(topology.childRoute(from, to), climb(from, to), `from ${from} to ${to}`);
  }
});

test("a subtree is told with its sizes", () => {
  const leaf = (rank: number) => ({ rank, size: 1, children: [] });
  const subtree = Topology.of("kary:2", 7).subtree(1);
  assert.deepEqual(subtree, { rank: 1, size: 3, children: [leaf(3), leaf(4)] });
  assert.deepEqual(Topology.of("kary:2", 7).subtree(6), leaf(6));
  const chain = Topology.of("custom", 3, custom(undefined, "h2", undefined)).subtree(0);
  assert.deepEqual(chain, { rank: 0, size: 3, children: [{ rank: 2, size: 2, children: [leaf(1)] }] });
});

test("a tree of 100,000 ranks in a chain is worked out", () => {
  const topology = Topology.of("kary:1", 100_000);
  assert.equal(topology.maxLevel, 99_999);
  assert.equal(topology.childRoute(5, 99_999), 6);
});

test("what makes no tree is refused", () => {
  const cases: [string, number, string, ParentScheme?][] = [
    ["star", 2, "unknown topology scheme 'star'"],
    ["", 2, "unknown topology scheme ''"],
    ["kary", 2, "kary k value must be an integer >= 0"],
    ["kary:", 2, "kary k value must be an integer >= 0"],
    ["kary:2x", 2, "kary k value must be an integer >= 0"],
    ["mincrit:x", 2, "mincrit k value must be an integer >= 0"],
    ["binomial:zz", 5, "unknown binomial topology directive: 'zz'"],
    ["custom:zzz", 5, "unknown custom topology directive: 'zzz'"],
    ["kary:2", 0, "invalid topology size 0"],
    [
      "custom",
      2,
      "Config file [bootstrap] hosts: rank 0 (h0) may not have a parent in a tree topology",
      custom("h1", undefined),
    ],
    [
      "custom",
      2,
      'Config file [bootstrap] hosts: invalid parent "x" for h1 (rank 1)',
      custom(undefined, "x"),
    ],
    [
      "custom",
      2,
      'Config file [bootstrap] hosts: parent "h1" for h1 (rank 1) violates rule against cycles',
      custom(undefined, "h1"),
    ],
    [
      "custom",
      4,
      'Config file [bootstrap] hosts: parent "h2" for h3 (rank 3) violates rule against cycles',
      custom(undefined, undefined, "h3", "h2"),
    ],
    ["custom", 2, "topology size does not match host array size", custom(undefined, undefined, "h0")],
  ];
  for (const [scheme, size, message, hosts] of cases)
    assert.throws(
      () => Topology.of(scheme, size, hosts),
      { code: "EINVAL", message },
      `${scheme} of ${size}`,
    );
  assert.throws(() => new Topology([-1, 2, 1]), { code: "EINVAL" });
  assert.throws(() => new Topology([-1, 5]), { code: "EINVAL" });
  assert.throws(() => new Topology([0]), { code: "EINVAL" });
});
