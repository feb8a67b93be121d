import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HostMap, targetTexts } from "../../../src/cli/host-map.ts";

describe("the hosts of an instance", () => {
  const map = new HostMap(["node0", "node1", "login", "node1"]);

  test("are found by rank, ranks by host", () => {
    assert.equal(map.hostOf(2), "login");
    assert.equal(map.hostOf(4), "(null)");
    assert.equal(map.rankOf("node1"), 1, "the lowest of two");
    assert.equal(map.rankOf("node2"), undefined);
    assert.equal(map.hostlist([2, 1, 0]), "node[0-1],login");
  });

  test("stand for ranks, and ranks for them", () => {
    assert.deepEqual(map.lookup("0-1"), { ranks: [0, 1], hosts: ["node0", "node1"], byHost: false });
    assert.deepEqual(targetTexts(map.lookup("login,node[0-1]")), { ranks: "0-2", hosts: "node[0-1],login" });
    assert.equal(map.lookup("login").byHost, true);
  });

  test("that are not there are named", () => {
    const cases: [string, string, string][] = [
      ["0-4", "ENOENT", "rank 4 is not in host map"],
      ["node[0-2]", "ENOENT", "host node2 not found in host map"],
      ["-1", "ENOENT", "host -1 not found in host map"],
      ["node2[", "EINVAL", "target must be a valid idset or hostlist"],
    ];
    for (const [target, code, message] of cases)
      assert.throws(() => map.lookup(target), { code, message }, target);
  });
});
