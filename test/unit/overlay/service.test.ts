import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { errno, FluxError } from "../../../src/base/index.ts";
import type { JsonObject } from "../../../src/json/index.ts";
import { MessageFlag, Role } from "../../../src/message/index.ts";
import { type TestRank, TestTree } from "../../helpers/overlay-tree.ts";
import { until } from "../../helpers/until.ts";

const { NORESPONSE, STREAMING } = MessageFlag;

/** The response to a request of this rank to itself. */
function ask(rank: TestRank, method: string, payload?: JsonObject, flags = 0, rolemask: number = Role.OWNER) {
  rank.send(`overlay.${method}`, 0, { flags, rolemask, ...(payload !== undefined && { payload }) });
  const response = rank.responses.pop();
  return { errnum: response?.errnum, text: response?.text };
}

function statuses(report: JsonObject): string[] {
  const children = report["children"] as JsonObject[];
  return [report, ...children].map(
    ({ rank, status, error }) => `${rank} ${status}${error === undefined ? "" : `: ${error}`}`,
  );
}

describe("overlay.health", () => {
  test("tells how each child is, why it is gone, and since when, in seconds", async () => {
    await using tree = await TestTree.open("kary:2", 7);
    const root = tree.rank(0);
    tree.clock.advance(2000);
    assert.match(
      ask(root, "health", undefined, 0, Role.USER).text!,
      /^\{"rank":0,"status":"full","duration":2\.0,/,
    );
    tree.rank(2).overlay.stateChanged("goodbye");
    await until(() => root.overlay.status === "partial", "partial");
    root.send("overlay.disconnect-subtree", 0, { payload: { rank: 1 } });
    root.responses.pop();
    tree.clock.advance(1500);
    const report = JSON.parse(ask(root, "health").text!);
    assert.deepEqual(statuses(report), [
      "0 degraded",
      "1 lost: administrative disconnect",
      "2 offline: administrative shutdown",
    ]);
    assert.deepEqual(report.children[0].duration, 1.5);
    await tree.crash(3);
    tree.rank(1).send("test.any", 3);
    await until(() => tree.rank(1).overlay.status === "degraded", "degraded");
    tree.rank(1).send("overlay.health", 1);
    assert.deepEqual(statuses(tree.rank(1).lastAnswer), ["1 degraded", "3 lost: lost connection", "4 full"]);
  });

  test("goes on with each change, until its sender leaves", async () => {
    await using tree = await TestTree.open("kary:2", 3);
    const root = tree.rank(0);
    root.send("overlay.health", 0, { flags: STREAMING });
    root.send("overlay.health", 0, { flags: STREAMING | NORESPONSE, matchtag: 0, sender: "mute" });
    assert.deepEqual(root.answers.map(statuses), [["0 full", "1 full", "2 full"]]);
    tree.rank(1).overlay.stateChanged("goodbye");
    await until(() => root.responses.length === 2, "an item");
    assert.deepEqual(statuses(root.lastAnswer), [
      "0 partial",
      "1 offline: administrative shutdown",
      "2 full",
    ]);
    root.send("overlay.disconnect", 0, { flags: NORESPONSE, matchtag: 0 });
    tree.rank(2).overlay.stateChanged("goodbye");
    await until(() => root.overlay.onlineChildren.length === 0, "the end");
    assert.equal(root.responses.length, 2);
  });

  test("of a child answers from there", async () => {
    await using tree = await TestTree.open("kary:2", 3);
    const root = tree.rank(0);
    root.send("overlay.health", 2);
    await until(() => root.responses.length === 1, "the answer");
    assert.deepEqual([root.lastAnswer["rank"], root.lastAnswer["children"]], [2, []]);
  });
});

test("overlay.topology tells the subtree of this rank or of a child", async () => {
  await using tree = await TestTree.open("kary:2", 5);
  const root = tree.rank(0);
  const leaf = (rank: number) => ({ rank, size: 1, children: [] });
  const subtree = { rank: 1, size: 3, children: [leaf(3), leaf(4)] };
  assert.deepEqual(JSON.parse(ask(root, "topology", { rank: 1 }, 0, Role.USER).text!), subtree);
  const whole = { rank: 0, size: 5, children: [subtree, leaf(2)] };
  assert.deepEqual(JSON.parse(ask(root, "topology", { rank: 0 }).text!), whole);
  const text = "requested rank is not this broker or its direct child";
  for (const rank of [3, 9, -1])
    assert.deepEqual(ask(root, "topology", { rank }), { errnum: errno.ENOENT, text });
  assert.equal(ask(root, "topology", {}).errnum, errno.EPROTO);
});

test("overlay.monitor tells of children that are not offline, then of each change", async () => {
  await using tree = new TestTree("kary:3", 4);
  const root = await tree.start(0);
  for (const rank of [1, 2]) await tree.start(rank);
  await until(() => root.overlay.onlineChildren.length === 2, "two children");
  assert.deepEqual(ask(root, "monitor"), { errnum: errno.EPROTO, text: undefined });
  assert.equal(ask(root, "monitor", undefined, STREAMING, Role.USER).errnum, errno.EPERM);
  root.send("overlay.monitor", 0, { flags: STREAMING });
  await tree.start(3);
  tree.rank(1).overlay.stateChanged("goodbye");
  await until(() => root.responses.length === 4, "the changes");
  assert.deepEqual(root.answers, [
    { rank: 1, status: "full", torpid: false },
    { rank: 2, status: "full", torpid: false },
    { rank: 3, status: "full", torpid: false },
    { rank: 1, status: "offline", torpid: false },
  ]);
});

test("a child is torpid when it is silent for long, until it is heard from", async () => {
  await using tree = await TestTree.open("kary:2", 3);
  const [root, silent, other] = tree.all;
  silent.overlay.setTorpid({ torpidMinMs: 60_000, torpidMaxMs: 0 });
  root.send("overlay.monitor", 0, { flags: STREAMING });
  for (let i = 1; i <= 5; i++) {
    tree.clock.advance(6000);
    other.send("test.tick", 0, { matchtag: i });
    await until(() => root.requests.length === i, "a message of rank 2");
  }
  root.overlay.heartbeat();
  assert.equal(root.logged.at(-1), "err: broker on host1 (rank 1) has been unresponsive for 30s");
  assert.deepEqual(root.children.slice(2), ["1 full torpid"]);
  assert.deepEqual(root.lastAnswer, { rank: 1, status: "full", torpid: true });
  assert.equal(other.overlay.status, "full");
  silent.send("test.ping", 0);
  await until(() => root.requests.length === 6, "a sign of life");
  tree.clock.advance(5000);
  assert.equal(root.logged.at(-1), "err: broker on host1 (rank 1) is responsive now");
  assert.deepEqual(root.lastAnswer, { rank: 1, status: "full", torpid: false });
  tree.clock.advance(40_000);
  assert.deepEqual(root.children.slice(4).sort(), ["1 full torpid", "2 full torpid"]);
  root.overlay.setTorpid({ torpidMinMs: 5000, torpidMaxMs: 0 });
  tree.clock.advance(5000);
  assert.deepEqual(root.children.slice(6).sort(), ["1 full", "2 full"]);
});

test("overlay.stats-get counts neighbours and what waits", async () => {
  await using tree = await TestTree.open("kary:2", 5);
  const router = tree.rank(1);
  tree.rank(3).send("test.wait", 0);
  tree.rank(0).send("test.wait", 4);
  await until(() => tree.rank(0).requests.length === 1 && tree.rank(4).requests.length === 1, "requests");
  router.send("overlay.stats-get", 1, { rolemask: Role.USER });
  const { "pending-bytes": bytes, ...answer } = router.lastAnswer;
  assert(Number(bytes) > 0 && Number(bytes) < 3000, `${bytes} bytes of what waits`);
  assert.deepEqual(answer, {
    "child-count": 2,
    "child-connected": 2,
    "parent-count": 1,
    "parent-rpc": 1,
    "child-rpc": 1,
    refused: 0,
    ignored: 0,
    interthread: { sendq: 0, recvq: 0 },
  });
});

test("overlay.disconnect-subtree refuses what is no child, or not there", async () => {
  await using tree = await TestTree.open("kary:2", 5);
  const root = tree.rank(0);
  const text = "requested rank is not this broker's direct child";
  for (const rank of [0, 3, 77])
    assert.deepEqual(ask(root, "disconnect-subtree", { rank }), { errnum: errno.ENOENT, text });
  assert.deepEqual(ask(root, "disconnect-subtree", { rank: 2 }), { errnum: 0, text: undefined });
  const again = { errnum: errno.EINVAL, text: "rank 2 is already lost" };
  assert.deepEqual(ask(root, "disconnect-subtree", { rank: 2 }), again);
  assert.equal(ask(root, "disconnect-subtree", { rank: 1 }, 0, Role.USER).errnum, errno.EPERM);
  root.send("overlay.disconnect-parent", 0, { flags: NORESPONSE, matchtag: 0, payload: {} });
  assert.match(root.logged.at(-1)!, /^err: overlay.disconnect-parent error: /);
});

test("a configuration changes when silence matters, or is refused", async () => {
  await using tree = new TestTree("kary:2", 2);
  const seen: [JsonObject, boolean][] = [];
  const root = await tree.start(0, {
    reconfigure(config, initial) {
      seen.push([config, initial]);
      if (config["bad"]) throw new FluxError("EINVAL", "tbon.torpid_min must be nonzero");
      return { torpidMinMs: 1000, torpidMaxMs: 2000 };
    },
  });
  await tree.start(1);
  await until(() => root.overlay.status === "full", "full");
  const refused = { errnum: errno.EINVAL, text: "tbon.torpid_min must be nonzero" };
  assert.deepEqual(ask(root, "config-reload", { bad: true }), refused);
  assert.equal(ask(root, "config-reload", { tbon: {} }).errnum, 0);
  assert.equal(ask(root, "config-sync", {}).errnum, 0);
  assert.deepEqual(seen, [
    [{ bad: true }, false],
    [{ tbon: {} }, false],
    [{}, true],
  ]);
  tree.clock.advance(2000);
  root.overlay.heartbeat();
  assert.deepEqual(root.children, ["1 full", "1 full torpid"]);
});
