import assert from "node:assert/strict";
import { test } from "node:test";
import { errno } from "../../../src/base/index.ts";
import { MessageFlag } from "../../../src/message/index.ts";
import { type ChildServer, InProcessTransport, type ListenOptions } from "../../../src/overlay/index.ts";
import { TestTree } from "../../helpers/overlay-tree.ts";
import { until } from "../../helpers/until.ts";

test("a child that dies is missed by its parent, though nothing is sent", async () => {
  await using tree = await TestTree.open("kary:1", 3);
  const [root, router, leaf] = tree.all;
  root.send("test.wait", 2);
  await until(() => leaf.requests.length === 1, "the request");
  await tree.crash(2);
  await until(() => root.responses.length === 1, "the error");
  assert.equal(root.responses[0]!.errnum, errno.EHOSTUNREACH);
  assert.deepEqual(router.children, ["2 full", "2 lost"]);
  assert(router.logged.includes("err: host2 (rank 2) failed"));
});

test("a parent that dies is missed by its children, with all that waits for it", async () => {
  await using tree = await TestTree.open("kary:1", 4);
  const [, router, below, leaf] = tree.all;
  leaf.send("test.wait", 0, { flags: MessageFlag.STREAMING });
  below.send("test.wait", 0, { sender: "other" });
  await until(() => tree.rank(0).requests.length === 2, "the requests");
  await tree.crash(1);
  await until(() => leaf.responses.length + below.responses.length === 2, "the errors");
  for (const { responses } of [leaf, below])
    assert.deepEqual([responses[0]!.errnum, responses[0]!.text], [errno.EHOSTUNREACH, "overlay disconnect"]);
  assert.equal(below.logged.at(-1), "crit: lost connection to host1 (rank 1)");
  assert.deepEqual([below.posted, leaf.posted], [["parent-fail error"], []]);
  assert.equal(below.overlay.stats.parentRpcs, 0);
  below.send("test.more", 0, { matchtag: 2 });
  assert.equal(below.responses.at(-1)!.errnum, errno.EHOSTUNREACH);
  assert.deepEqual(router.posted, []);
});

test("a parent that dies while it is said goodbye to is not waited for", async () => {
  await using tree = await TestTree.open("kary:1", 2);
  const [root, leaf] = tree.all;
  // It hears the goodbye and says nothing.
  root.overlay.respond = () => true;
  const gone = tree.crash(0);
  leaf.overlay.stateChanged("goodbye");
  await gone;
  await until(() => leaf.posted.length > 0, "the goodbye");
  assert.deepEqual(leaf.posted, ["goodbye"]);
});

/** A transport that keeps whom it was asked about. */
class ProbedTransport extends InProcessTransport {
  readonly probed: string[] = [];

  override async listen(options: ListenOptions): Promise<ChildServer> {
    const server = await super.listen(options);
    server.probe = (peer) => this.probed.push(peer);
    return server;
  }
}

test("a child that is silent for longer than one that is well is asked for", async () => {
  await using tree = new TestTree("kary:2", 3);
  const transport = new ProbedTransport(tree.network);
  await tree.start(0, { transport });
  const silent = await tree.start(1);
  await tree.start(2);
  await until(() => tree.rank(0).overlay.status === "full", "all are there");
  silent.overlay.setTorpid({ torpidMinMs: 60_000, torpidMaxMs: 0 });
  for (let i = 0; i < 2; i++) {
    tree.clock.advance(5000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(transport.probed, []);
  tree.clock.advance(5000);
  assert.deepEqual(transport.probed, [silent.uuid]);
});

test("a broker that did not run itself calls nobody torpid for that", async () => {
  await using tree = await TestTree.open("kary:2", 3);
  const root = tree.rank(0);
  tree.clock.leap(60_000);
  // A heartbeat may be read before what the children said.
  root.overlay.heartbeat();
  assert.deepEqual(root.children, ["1 full", "2 full"]);
  await new Promise((resolve) => setImmediate(resolve));
  tree.clock.advance(5000);
  assert.deepEqual(root.children, ["1 full", "2 full"]);
  // Nor does it call those well that stay silent.
  for (const rank of [1, 2]) tree.rank(rank).overlay.setTorpid({ torpidMinMs: 600_000, torpidMaxMs: 0 });
  tree.clock.leap(60_000);
  tree.clock.advance(5000);
  assert.deepEqual(root.children.slice(2), ["1 full torpid", "2 full torpid"]);
});
