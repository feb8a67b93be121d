import assert from "node:assert/strict";
import { test } from "node:test";
import { errno } from "../../../src/base/index.ts";
import { Message, MessageFlag, Role } from "../../../src/message/index.ts";
import { InProcessTransport } from "../../../src/overlay/index.ts";
import { kinds, TestTree } from "../../helpers/overlay-tree.ts";
import { until } from "../../helpers/until.ts";

const { NORESPONSE, STREAMING, UPSTREAM } = MessageFlag;

/** Requests that wait anywhere in the tree. */
function waiting(tree: TestTree, ...ranks: number[]): number {
  const count = (rank: number): number => {
    const { parentRpcs, childRpcs, childRequests } = tree.rank(rank).overlay.stats;
    return parentRpcs + childRpcs + childRequests;
  };
  return ranks.reduce((sum, rank) => sum + count(rank), 0);
}

test("requests that wait for a leaf fail at once when it is found dead, wherever they came from", async () => {
  await using tree = await TestTree.open("kary:2", 7);
  const [root, router, , leaf, , cousin] = tree.all;
  root.send("test.one", 3);
  cousin.send("test.two", 3, { flags: STREAMING, sender: "cousin" });
  cousin.send("test.quiet", 3, { flags: NORESPONSE, matchtag: 0 });
  router.send("test.three", 3, { sender: "" });
  await until(() => leaf.requests.length === 4, "the requests");
  leaf.answer(
    { item: 1 },
    leaf.requests.find(({ topic }) => topic === "test.two"),
  );
  await until(() => cousin.responses.length === 1, "an item of the stream");
  await tree.crash(3);
  router.send("test.any", 3, { sender: "other" });
  await until(() => root.responses.length === 1 && cousin.responses.length === 2, "the errors");
  const errors = [root, cousin].map(({ responses }) => responses.at(-1)!);
  for (const { errnum, text } of errors) assert.deepEqual([errnum, text], [errno.EHOSTUNREACH, undefined]);
  assert.deepEqual(
    errors.map(({ routes }) => routes),
    [["client"], ["cousin"]],
  );
  assert.deepEqual(kinds(router.responses).sort(), ["test.any", "test.three"]);
  assert(router.responses.every(({ errnum }) => errnum === errno.EHOSTUNREACH));
  assert.equal(waiting(tree, 0, 1, 2, 5), 0);
  root.send("test.later", 3, { matchtag: 2 });
  await until(() => root.responses.length === 2, "the answer of one that knows");
  assert.equal(root.responses[1]!.errnum, errno.EHOSTUNREACH);
});

test("requests that wait for a leaf fail when it says goodbye", async () => {
  await using tree = await TestTree.open("kary:1", 3);
  const [root, , leaf] = tree.all;
  root.send("test.wait", 2);
  await until(() => leaf.requests.length === 1, "the request");
  leaf.overlay.stateChanged("goodbye");
  await until(() => root.responses.length === 1, "the error");
  assert.equal(root.responses[0]!.errnum, errno.EHOSTUNREACH);
  assert.equal(waiting(tree, 0, 1), 0);
});

test("requests upstream fail all the way down when a broker is made to leave", async () => {
  await using tree = await TestTree.open("kary:1", 4);
  const [root, middle, router, leaf] = tree.all;
  leaf.send("test.up", 0);
  router.send("test.up", 0, { flags: STREAMING, sender: "other" });
  await until(() => root.requests.length === 2, "the requests");
  root.send("overlay.disconnect-subtree", 1, { payload: { rank: 2 } });
  await until(() => root.responses.length === 1, "the answer");
  assert.equal(root.responses[0]!.errnum, 0);
  await until(() => leaf.responses.length === 1 && router.responses.length === 1, "the errors");
  for (const { responses } of [leaf, router])
    assert.deepEqual([responses[0]!.errnum, responses[0]!.text], [errno.EHOSTUNREACH, "overlay disconnect"]);
  assert.deepEqual([router.posted, leaf.posted], [["parent-fail error"], []]);
  assert.equal(router.logged.at(-1), "crit: host1 (rank 1) sent disconnect control message");
  assert(
    middle.logged.includes(
      "err: host2 (rank 2) disconnected by request and severed contact with 1 other nodes",
    ),
  );
  assert.equal(waiting(tree, 1, 2, 3), 0);
});

test("who serves the requests of a child that is lost is told that their senders are gone", async () => {
  await using tree = await TestTree.open("kary:1", 4);
  const [root, middle, router, leaf] = tree.all;
  leaf.send("kvs.watch", 0, { flags: STREAMING, sender: "one", matchtag: 1 });
  leaf.send("kvs.watch", 0, { flags: STREAMING, sender: "one", matchtag: 2 });
  leaf.send("kvs.get", 0, { sender: "one", matchtag: 3 });
  leaf.send("job.list", 0, { sender: "two", matchtag: 1 });
  leaf.send("job.done", 0, { sender: "two", matchtag: 2 });
  router.send("groups.get", 2, { flags: STREAMING | UPSTREAM, sender: "" });
  await until(() => root.requests.length === 5 && middle.requests.length === 1, "the requests");
  const routes = root.requests[0]!.routes;
  root.answer(
    {},
    root.requests.find(({ topic }) => topic === "job.done"),
  );
  await until(() => leaf.responses.length === 1, "an answer");
  root.requests.length = 0;
  middle.requests.length = 0;
  await tree.crash(2);
  middle.send("test.any", 2);
  await until(() => root.requests.length === 2 && middle.requests.length === 1, "the news");
  const told = root.requests.map(({ topic, firstRoute, flags }) => [topic, firstRoute, flags & NORESPONSE]);
  assert.deepEqual(told, [
    ["kvs.disconnect", "one", NORESPONSE],
    ["job.disconnect", "two", NORESPONSE],
  ]);
  assert.deepEqual(root.requests[0]!.routes, routes);
  const [group] = middle.requests;
  assert.deepEqual([group?.topic, group?.routes], ["groups.disconnect", [router.uuid]]);
  assert.equal(waiting(tree, 0, 1), 0);
});

test("a client that leaves is forgotten at each hop", async () => {
  await using tree = await TestTree.open("kary:1", 3);
  const [root, , leaf] = tree.all;
  for (const matchtag of [1, 2]) leaf.send("kvs.watch", 0, { flags: STREAMING, matchtag });
  leaf.send("kvs.watch", 0, { flags: STREAMING, sender: "stays" });
  await until(() => root.requests.length === 3, "the requests");
  assert.equal(waiting(tree, 0, 1, 2), 12);
  leaf.send("kvs.disconnect", 0, { flags: NORESPONSE, matchtag: 0 });
  await until(() => root.requests.length === 4, "the disconnect");
  assert.equal(waiting(tree, 0, 1, 2), 4);
});

test("requests fail when too much waits for a parent that isn't there", async () => {
  await using tree = new TestTree("kary:1", 2);
  const { network } = tree;
  const transport = new InProcessTransport(network, { maxQueuedBytes: 10_000 });
  const child = await tree.start(1, { transport });
  child.overlay.connect("inproc://nowhere", "0".repeat(40));
  for (let matchtag = 1; matchtag <= 1000; matchtag++) child.send("test.big", 0, { matchtag });
  assert.equal(waiting(tree, 1), 1000);
  tree.clock.advance(5000);
  assert.equal(waiting(tree, 1), 0);
  const answers = child.responses.map(({ errnum, text }) => [errnum, text]);
  assert.equal(answers.length, 1000);
  assert.deepEqual(answers[0], [errno.EHOSTUNREACH, "too much waits to be sent to the parent"]);
  child.send("test.more", 0, { matchtag: 1 });
  tree.clock.advance(5000);
  assert.equal(waiting(tree, 1), 0, "that one was dropped too");
  await transport.close();
});

test("a request beyond what may wait is answered with EAGAIN by the first broker that has no room, and not sent on", async () => {
  await using tree = await TestTree.open("kary:1", 3, { pending: { guestRequests: 3 } });
  const [root, middle, leaf] = tree.all;
  const guest = { rolemask: Role.USER };
  // Two of a guest at the leaf: the broker between counts each twice, for where it came from and where it goes.
  for (const matchtag of [1, 2]) leaf.send("test.wait", 0, { ...guest, matchtag });
  await until(() => leaf.responses.length === 1, "the refusal");
  const [refusal] = leaf.responses;
  assert.deepEqual([refusal!.errnum, refusal!.matchtag, refusal!.routes], [errno.EAGAIN, 2, ["client"]]);
  assert.match(refusal!.text!, /too many requests wait for other ranks/);
  await until(() => root.requests.length === 1, "the first request");
  assert.deepEqual(
    [leaf, middle, root].map(({ overlay }) => overlay.stats.refused),
    [0, 1, 0],
  );
  // The owner has room.
  leaf.send("test.owner", 0, { matchtag: 3 });
  await until(() => root.requests.length === 2, "the owner's request");
  root.answer({}, root.requests[0]);
  root.answer({}, root.requests[1]);
  await until(() => leaf.responses.length === 3, "the answers");
  assert.deepEqual([waiting(tree, 0, 1, 2), middle.overlay.stats.pendingBytes], [0, 0]);
  // Downward the same.
  for (const matchtag of [4, 5, 6, 7]) root.send("test.down", 2, { ...guest, matchtag });
  await until(() => root.responses.length === 1, "the refusal");
  const [code] = new Set(root.responses.map(({ errnum }) => errnum));
  assert.equal(code, errno.EAGAIN);
});

test("requests that wait keep no payload at any broker on the way", async () => {
  await using tree = await TestTree.open("kary:1", 3);
  const [root, middle, leaf] = tree.all;
  const payload = { text: "x".repeat(1_000_000) };
  for (let matchtag = 1; matchtag <= 20; matchtag++) leaf.send("test.wait", 0, { payload, matchtag });
  await until(() => root.requests.length === 20, "the requests");
  for (const { overlay } of [root, middle, leaf]) {
    const { pendingBytes } = overlay.stats;
    assert(pendingBytes > 0 && pendingBytes < 50_000, `${pendingBytes} bytes`);
  }
});

test("requests of one tag to several ranks are all forgotten when the child that sent them is lost", async () => {
  await using tree = new TestTree("kary:3", 4);
  const root = await tree.start(0);
  const one = await tree.start(1);
  const two = await tree.start(2);
  await using peer = tree.peer();
  await peer.hello({ rank: 3, hostname: "host3" });
  for (const nodeid of [1, 2])
    peer.sendMessage(Message.request({ topic: "test.wait", nodeid, matchtag: 1, routes: ["x"] }));
  await until(() => one.requests.length === 1 && two.requests.length === 1, "the requests");
  assert.equal(root.overlay.stats.childRpcs, 2);
  await peer[Symbol.asyncDispose]();
  await until(() => root.children.at(-1) === "3 lost", "the loss of the child");
  const { childRpcs, childRequests, pendingBytes } = root.overlay.stats;
  assert.deepEqual([childRpcs, childRequests, pendingBytes], [0, 0, 0]);
});
