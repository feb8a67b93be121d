import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Message } from "../../../src/message/index.ts";
import { statusMessage } from "../../../src/overlay/control.ts";
import {
  combineStatus,
  isOnline,
  SUBTREE_STATUS,
  statusNumber,
  statusOf,
} from "../../../src/overlay/subtree-status.ts";
import { TestTree } from "../../helpers/overlay-tree.ts";
import { until } from "../../helpers/until.ts";

function statuses(tree: TestTree, ...ranks: number[]): string[] {
  return ranks.map((rank) => tree.rank(rank).overlay.status);
}

describe("the status of a subtree", () => {
  test("has numbers, three of them online", () => {
    assert.deepEqual(SUBTREE_STATUS.map(statusNumber), [0, 1, 2, 3, 4, 5]);
    assert.deepEqual([0, 3, 5, 6, -1].map(statusOf), [
      "unknown",
      "degraded",
      "offline",
      "unknown",
      "unknown",
    ]);
    assert.deepEqual(SUBTREE_STATUS.filter(isOnline), ["full", "partial", "degraded"]);
  });

  test("is what the children make it, the worst first", () => {
    assert.equal(combineStatus([]), "full");
    assert.equal(combineStatus(["full", "unknown"]), "full");
    assert.equal(combineStatus(["full", "offline", "full"]), "partial");
    assert.equal(combineStatus(["partial", "full"]), "partial");
    assert.equal(combineStatus(["offline", "lost"]), "degraded");
    assert.equal(combineStatus(["degraded", "partial"]), "degraded");
  });

  test("is full bottom up as ranks come", async () => {
    await using tree = new TestTree("kary:2", 7);
    for (const rank of [0, 1, 2]) await tree.start(rank);
    assert.deepEqual(statuses(tree, 0, 1, 2), ["partial", "partial", "partial"]);
    await tree.start(3);
    await tree.start(4);
    await until(() => tree.rank(0).children.includes("1 full"), "rank 1 full");
    assert.deepEqual(statuses(tree, 0, 1, 2, 3, 4), ["partial", "full", "partial", "full", "full"]);
    await tree.start(5);
    await tree.start(6);
    await until(() => tree.rank(0).overlay.status === "full", "all full");
    assert.deepEqual(tree.rank(0).overlay.onlineChildren, [1, 2]);
  });

  test("degrades with a crash, is partial with an orderly leave, and full again when they are back", async () => {
    await using tree = await TestTree.open("kary:2", 7);
    const [root, router] = tree.all;
    await tree.crash(3);
    router.send("test.ping", 3);
    await until(() => root.overlay.status === "degraded", "degraded");
    assert.deepEqual(statuses(tree, 1, 2), ["degraded", "full"]);
    assert(router.logged.includes("err: host3 (rank 3) failed"));
    await tree.start(3);
    await until(() => root.overlay.status === "full", "full");
    tree.rank(4).overlay.stateChanged("goodbye");
    await until(() => root.overlay.status === "partial", "partial");
    assert.deepEqual(tree.rank(4).posted, ["goodbye"]);
    assert.deepEqual(router.children, ["3 full", "4 full", "3 lost", "3 full", "4 offline"]);
    assert.deepEqual(root.children.slice(-3), ["1 degraded", "1 full", "1 partial"]);
  });

  test("a router that is lost takes those below with it", async () => {
    await using tree = await TestTree.open("kary:2", 7);
    const root = tree.rank(0);
    await tree.crash(1);
    root.overlay.toChildren(Message.event({ topic: "x", seq: 1 }));
    await until(() => root.overlay.status === "degraded", "degraded");
    assert(root.logged.includes("err: host1 (rank 1) failed and severed contact with 2 other nodes"));
    assert.deepEqual(root.overlay.onlineChildren, [2]);
  });
});

describe("a rank that comes back", () => {
  test("before its crash was noticed: the old one is given up, and told so", async () => {
    await using tree = await TestTree.open("kary:2", 3);
    const root = tree.rank(0);
    const old = tree.rank(1);
    root.send("test.wait", 1);
    await until(() => old.requests.length === 1, "the request");
    const fresh = await tree.start(1);
    await until(() => root.children.length === 4, "the newcomer");
    assert.deepEqual(root.children, ["1 full", "2 full", "1 lost", "1 full"]);
    const dropping = "err: host1 (rank 1) reconnected after crash, dropping old connection state";
    const accepting = "err: accepting connection from host1 (rank 1) status full";
    assert.deepEqual(root.logged.slice(-2), [dropping, accepting]);
    assert.equal(root.responses.pop()!.errnum, 113);
    await until(() => old.posted.length > 0, "the end of the old one");
    assert.deepEqual(old.posted, ["parent-fail error"]);
    assert(old.logged.includes("crit: host0 (rank 0) sent disconnect control message"));
    old.answer({});
    root.send("test.new", 1);
    await until(() => fresh.requests.length === 1, "a request to the newcomer");
    assert.deepEqual(root.responses, []);
  });

  test("the welcome comes before events, however soon they are", async () => {
    await using tree = new TestTree("kary:2", 3);
    const root = await tree.start(0);
    Object.defineProperty(root.children, "push", {
      value: () => root.overlay.toChildren(Message.event({ topic: "e", seq: 1 })),
    });
    const child = await tree.start(1);
    await until(() => child.events.length === 1, "the event");
    assert.deepEqual(
      child.logged.filter((line) => line.includes("DROP")),
      [],
    );
  });
});

describe("the end of an instance", () => {
  test("children leave, then it is posted that they are gone", async () => {
    await using tree = await TestTree.open("kary:2", 3);
    const root = tree.rank(0);
    root.overlay.stateChanged("cleanup");
    root.overlay.stateChanged("shutdown");
    assert.deepEqual(root.posted, []);
    tree.rank(1).overlay.stateChanged("goodbye");
    await until(() => tree.rank(1).posted.length > 0, "goodbye");
    assert.deepEqual(root.posted, []);
    tree.rank(2).overlay.stateChanged("goodbye");
    await until(() => root.posted.length > 0, "children-complete");
    assert.deepEqual(root.posted, ["children-complete"]);
  });

  test("nobody comes in from cleanup on", async () => {
    await using tree = new TestTree("kary:2", 3);
    const root = await tree.start(0);
    root.overlay.stateChanged("cleanup");
    const late = await tree.start(1);
    await until(() => late.posted.length > 0, "the refusal");
    assert.deepEqual(late.posted, ["parent-fail error"]);
    assert.deepEqual(root.children, []);
    root.overlay.stateChanged("shutdown");
    assert.deepEqual(root.posted, ["children-none"]);
  });

  test("goodbye is posted at once when the parent can't hear it", async () => {
    await using tree = new TestTree("kary:1", 3);
    const waiting = await tree.start(1);
    waiting.overlay.stateChanged("goodbye");
    assert.deepEqual(waiting.posted, ["goodbye"]);
    const text = "err: cannot send overlay.goodbye because overlay.hello is still in progress";
    assert.equal(waiting.logged.at(-1), text);
    await using whole = await TestTree.open("kary:1", 3);
    const orphan = whole.rank(1);
    orphan.send("overlay.disconnect-parent", 1, { payload: { reason: "no heartbeat for 5m" }, flags: 4 });
    orphan.overlay.stateChanged("goodbye");
    assert.deepEqual(orphan.posted, ["parent-fail error", "goodbye"]);
    assert.deepEqual(orphan.logged.slice(-2), [
      "crit: disconnecting: no heartbeat for 5m",
      "err: error sending overlay.goodbye: No route to host",
    ]);
  });

  test("a child that is closed without a goodbye tells that it is offline", async () => {
    await using tree = await TestTree.open("kary:2", 3);
    await tree.rank(2).overlay[Symbol.asyncDispose]();
    await until(() => tree.rank(0).children.includes("2 offline"), "offline");
    assert.equal(tree.rank(0).overlay.status, "partial");
  });
});

test("a child that changes its status without end has the latest one, now and then", async () => {
  await using tree = new TestTree("kary:2", 3);
  const root = await tree.start(0);
  await using peer = tree.peer();
  await peer.hello({});
  const before = root.children.length;
  for (let i = 0; i < 500; i++) peer.sendMessage(statusMessage(i % 2 === 0 ? "partial" : "full"));
  peer.sendMessage(statusMessage("degraded"));
  peer.sendMessage(Message.request({ topic: "test.last" }));
  await until(() => root.requests.length === 1, "all of them");
  assert.equal(root.children.length - before, 32);
  tree.clock.advance(1000);
  assert.equal(root.children.at(-1), "1 degraded");
  peer.sendMessage(statusMessage("full"));
  await until(() => root.children.at(-1) === "1 full", "a change after a while");
  // One by which a child leaves does not wait.
  for (let i = 0; i < 100; i++) peer.sendMessage(statusMessage(i % 2 === 0 ? "partial" : "full"));
  peer.sendMessage(statusMessage("offline"));
  await until(() => root.children.at(-1) === "1 offline", "the last status");
  tree.clock.advance(2000);
  assert.equal(root.children.at(-1), "1 offline");
});
