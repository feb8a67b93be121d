import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decodeHostlist, encodeHostlist } from "../../../src/base/index.ts";
import { findAddress } from "../../../src/instance/address.ts";
import { decodeCard, encodeCard } from "../../../src/instance/business-card.ts";
import { parentEvent } from "../../../src/instance/parent-monitor.ts";
import { Quorum } from "../../../src/instance/quorum.ts";
import { Taskmap } from "../../../src/instance/taskmap.ts";

describe("hostlists", () => {
  test("neighbours share brackets, and come back in their order", () => {
    const cases: [text: string, hosts: string[]][] = [
      ["", []],
      ["a", ["a"]],
      ["a,a", ["a", "a"]],
      ["fake[0-2]", ["fake0", "fake1", "fake2"]],
      ["n[9-11,13]", ["n9", "n10", "n11", "n13"]],
      ["n[08-10,5]", ["n08", "n09", "n10", "n5"]],
      ["n[1,1],m2,n3", ["n1", "n1", "m2", "n3"]],
      ["x,n[1-2],y", ["x", "n1", "n2", "y"]],
    ];
    for (const [text, hosts] of cases) {
      assert.equal(encodeHostlist(hosts), text);
      assert.deepEqual(decodeHostlist(text), hosts);
    }
    const long = "n12345678901234567890";
    assert.equal(encodeHostlist([long, long]), `${long},${long}`);
  });
});

describe("maps of ranks to nodes", () => {
  test("both forms say the same", () => {
    const one = Taskmap.parse("(vector,(0,1,4))");
    assert.equal(one.toString(), "[[0,1,4,1]]");
    assert.deepEqual(Taskmap.parse(one.toString()).blocks, one.blocks);
    assert.deepEqual(
      [0, 3, 4].map((rank) => one.nodeOf(rank)),
      [0, 0, undefined],
    );
    const two = Taskmap.parse("(vector,(0,2,1),(5,1,2))");
    assert.equal(two.toString(), "[[0,2,1,1],[5,1,2,1]]");
    assert.deepEqual(
      [0, 1, 2, 3].map((rank) => two.nodeOf(rank)),
      [0, 1, 5, 5],
    );
    const cyclic = Taskmap.parse("[[0,2,1,2]]");
    assert.deepEqual(
      [0, 1, 2, 3].map((rank) => cyclic.nodeOf(rank)),
      [0, 1, 0, 1],
    );
    assert.equal(Taskmap.parse('{"version":1,"map":[[0,2,1,1]]}').toString(), "[[0,2,1,1]]");
    assert.deepEqual(Taskmap.parse("").blocks, []);
    assert.deepEqual(Taskmap.parse("[]").blocks, []);
  });

  test("other texts are none", () => {
    for (const text of [
      "x",
      "(vector,)",
      "(vector,(1,2))",
      "[[1,2,3]]",
      "[1,2,3,4]",
      "[[1,2,3,x]]",
      '{"map":[]}',
    ]) {
      assert.throws(() => Taskmap.parse(text), { code: "EINVAL" }, text);
    }
  });
});

describe("business cards", () => {
  test("read as they are written, in flux-core's form", () => {
    const card = { host: "h", uris: ["ipc:///r/tbon-0", "tcp://1.2.3.4:5"], publicKey: "k" };
    const text = encodeCard(card);
    assert.equal(text, '{"host":"h","uri":["ipc:///r/tbon-0","tcp://1.2.3.4:5"],"pubkey":"k"}');
    assert.deepEqual(decodeCard(text), card);
    assert.deepEqual(decodeCard('{"uri":[],"host":"h"}'), { host: "h", uris: [], publicKey: undefined });
  });

  test("a card without addresses, and one that is too long, are refused", () => {
    assert.throws(() => decodeCard('{"host":"h","uri":[1]}'), { code: "EPROTO" });
    assert.throws(() => decodeCard('{"host":"h"}'), { code: "EPROTO" });
    const uris = [`ipc://${"x".repeat(1000)}`];
    assert.throws(() => encodeCard({ host: "h", uris, publicKey: undefined }), { code: "ENAMETOOLONG" });
  });
});

describe("the life of the parent", () => {
  test("leads the life of a broker", () => {
    const events = (own: string) =>
      Array.from({ length: 12 }, (_, state) => parentEvent(own, { state, failed: false }));
    const none = undefined;
    const of = (event: string, count: number): string[] => Array<string>(count).fill(event);
    assert.deepEqual(events("join"), [
      ...[none, none, none, none, "parent-ready", "parent-ready"],
      ...of("parent-fail", 6),
    ]);
    assert.deepEqual(events("quorum"), [
      ...[none, none, none, "quorum-full", none, "quorum-full"],
      ...of("quorum-fail", 6),
    ]);
    assert.deepEqual(events("run"), [
      ...[none, none, none, none, none, none, none, "shutdown"],
      ...of("parent-fail", 4),
    ]);
    assert.deepEqual(events("cleanup"), Array(12).fill(none));
    assert.equal(parentEvent("join", { state: undefined, failed: false }), undefined);
    const failed = { state: 5, failed: true };
    assert.deepEqual(
      ["join", "quorum", "run", "shutdown"].map((own) => parentEvent(own, failed)),
      ["parent-fail", "quorum-fail", "parent-fail", undefined],
    );
  });
});

describe("quorum", () => {
  function quorumOf(size: number, quorum: number) {
    const lines: string[] = [];
    const online = new Set<number>();
    let state: "quorum" | "run" = "quorum";
    let reached = 0;
    const waiting = new Quorum({
      members: () => [...online].sort((a, b) => a - b),
      size,
      hosts: () => Array.from({ length: size }, (_, rank) => `n${rank}`),
      quorum,
      warnMs: undefined,
      state: () => state,
      reached: () => {
        reached++;
        state = "run";
      },
      log: (level, text) => lines.push(`${level} ${text}`),
    });
    const change = (act: () => void): void => {
      act();
      waiting.update();
    };
    return { waiting, lines, change, online, reached: () => reached };
  }

  test("is reached once enough ranks are online, and those that go are named", () => {
    const { waiting, lines, change, online, reached } = quorumOf(4, 3);
    waiting.start();
    change(() => online.add(0));
    assert.equal(reached(), 0);
    change(() => online.add(2).add(3));
    assert.equal(reached(), 1);
    change(() => online.add(1));
    change(() => online.delete(2) && online.delete(3));
    assert.deepEqual(lines, [
      "info online: n0 (ranks 0)",
      "info online: n[0,2-3] (ranks 0,2-3)",
      "err dead to Flux: n[2-3] (rank 2-3)",
    ]);
    assert.equal(reached(), 1);
  });
});

describe("the address of this node", () => {
  test("is found by name, network or default route", async () => {
    assert.equal(await findAddress("lo"), "127.0.0.1");
    assert.equal(await findAddress("127.0.0.0/8"), "127.0.0.1");
    assert.match(await findAddress("default-route"), /^(\d+\.){3}\d+$|^\[.*\]$/);
    await assert.rejects(findAddress("no-such-interface"), { code: "ENOENT" });
    await assert.rejects(findAddress("1.2.3.4/99"), { code: "EINVAL" });
  });
});
