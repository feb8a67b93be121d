import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { errno } from "../../../src/base/index.ts";
import { Message, MessageFlag, NODEID_ANY, Role } from "../../../src/message/index.ts";
import { TestTree } from "../../helpers/overlay-tree.ts";
import { until } from "../../helpers/until.ts";

for (const bundles of [false, true])
  describe(bundles ? "in bundles" : "message by message", () => {
    test("a request finds every rank from every other, and its response the way back", async () => {
      await using tree = await TestTree.open("kary:2", 7, { bundles });
      for (const from of tree.ranks) {
        for (const [nodeid, to] of tree.ranks.entries()) {
          if (from === to) continue;
          from.send("test.echo", nodeid, { payload: { nodeid }, matchtag: nodeid + 1 });
          await until(() => to.requests.length === 1, "the request");
          const request = to.requests.pop()!;
          assert.deepEqual([request.nodeid, request.firstRoute, request.userid], [nodeid, "client", 500]);
          assert.equal(request.rolemask, Role.OWNER, "the LOCAL role stays at its rank");
          to.answer({ nodeid }, request);
          await until(() => from.responses.length === 1, "the response");
          const response = from.responses.pop()!;
          assert.deepEqual(JSON.parse(response.text!), { nodeid });
          assert.deepEqual([response.matchtag, response.routes], [nodeid + 1, ["client"]]);
        }
      }
      for (const { overlay } of tree.ranks) {
        const { parentRpcs, childRpcs, childRequests } = overlay.stats;
        assert.deepEqual([parentRpcs, childRpcs, childRequests], [0, 0, 0]);
      }
    });

    test("a broker's own requests, which have no sender, are answered too", async () => {
      await using tree = await TestTree.open("kary:1", 3, { bundles });
      for (const [from, to] of [
        [0, 2],
        [2, 0],
        [1, 0],
        [1, 2],
      ] as const) {
        tree.rank(from).send("test.own", to, { sender: "" });
        await until(() => tree.rank(to).requests.length === 1, "the request");
        tree.rank(to).answer({}, tree.rank(to).requests.pop());
        await until(() => tree.rank(from).responses.length === 1, "the response");
        assert.deepEqual(tree.rank(from).responses.pop()!.routes, []);
      }
      for (const { overlay } of tree.ranks)
        assert.deepEqual([overlay.stats.parentRpcs, overlay.stats.childRpcs], [0, 0]);
    });

    test("a request upstream goes to the parent, one to a rank that is not there fails at rank 0", async () => {
      await using tree = await TestTree.open("kary:2", 7, { bundles });
      const [root, router, , leaf] = tree.all;
      leaf.send("test.up", 3, { flags: MessageFlag.UPSTREAM });
      await until(() => router.requests.length === 1, "the request");
      assert.deepEqual(router.requests[0]!.routes, [leaf.uuid, "client"]);
      for (const nodeid of [7, 4_000_000]) {
        leaf.send("test.far", nodeid);
        await until(() => leaf.responses.length === 1, "the response");
        assert.equal(leaf.responses.pop()!.errnum, errno.EHOSTUNREACH);
      }
      assert.equal(root.overlay.toParent(Message.request({ topic: "x" })), false);
      assert.equal(root.overlay.toRank(0, Message.request({ topic: "x", nodeid: 0 })), false);
    });

    test("any rank's events are numbered at rank 0 and come to all ranks in one order", async () => {
      await using tree = await TestTree.open("kary:2", 7, { bundles });
      for (let round = 0; round < 10; round++) {
        for (const [rank, it] of tree.ranks.entries()) {
          const topic = `from.${rank}`;
          const fields = { userid: 500, rolemask: Role.OWNER | Role.LOCAL, routes: ["client"] };
          const event = Message.event({ topic, ...fields, payload: new Uint8Array([round]) });
          if (rank === 0) it.publish(event);
          else assert.equal(it.overlay.toParent(event), true);
        }
      }
      const root = tree.rank(0);
      const others = tree.ranks.slice(1);
      await until(() => others.every(({ events }) => events.length === 70), "all events");
      const described = ({ seq, topic, payload }: Message) => [seq, topic, payload?.[0]];
      const published = root.published.map(described);
      assert.deepEqual(
        published.map(([seq]) => seq),
        Array.from({ length: 70 }, (_, i) => i + 1),
      );
      for (const { events, logged } of others) {
        assert.deepEqual(events.map(described), published);
        for (const event of events) assert.deepEqual([event.routes ?? [], event.rolemask], [[], Role.OWNER]);
        assert.deepEqual(
          logged.filter((line) => line.includes("event")),
          [],
        );
      }
      for (const event of root.published.filter(({ topic }) => topic !== "from.0"))
        assert.deepEqual([event.routes, event.rolemask], [undefined, Role.OWNER]);
    });

    test("what nobody has any more is told, and what comes twice is given once", async () => {
      await using tree = await TestTree.open("kary:2", 2, { bundles });
      const [root, leaf] = tree.all;
      for (const seq of [5, 6, 8, 8, 12]) root.overlay.toChildren(Message.event({ topic: "e", seq }));
      await until(() => leaf.events.length === 4, "the events");
      assert.deepEqual(
        leaf.events.map(({ seq }) => seq),
        [5, 6, 8, 12],
      );
      const why = "nobody has them any more";
      assert.deepEqual(
        leaf.logged.filter((line) => line.includes("event")),
        [`err: lost event 7: ${why}`, `err: lost events 9-11: ${why}`],
      );
    });

    test("a response whose next hop is nobody here, or that has no routes, is not taken", async () => {
      await using tree = await TestTree.open("kary:2", 3, { bundles });
      const { overlay } = tree.rank(0);
      for (const routes of [["nobody"], [], null])
        assert.equal(overlay.respond(Message.response({ topic: "x", routes })), false);
    });

    test("a broker without peers reaches nobody", async () => {
      await using tree = new TestTree("kary:2", 1);
      const { overlay, posted } = await tree.start(0, { transport: undefined });
      assert.equal(overlay.status, "full");
      assert.equal(overlay.publicKey, "");
      assert.equal(overlay.toRank(1, Message.request({ topic: "x", nodeid: 1 })), false);
      assert.equal(overlay.toParent(Message.request({ topic: "x", nodeid: NODEID_ANY })), false);
      overlay.toChildren(Message.event({ topic: "x", seq: 1 }));
      await assert.rejects(overlay.listen(["inproc://x"]), { code: "EINVAL" });
      assert.throws(() => overlay.connect("inproc://x", "k"), { code: "EINVAL" });
      assert.throws(() => overlay.authorize("1", "k"), { code: "EINVAL" });
      for (const state of ["cleanup", "shutdown", "goodbye"]) overlay.stateChanged(state);
      assert.deepEqual(posted, ["children-none"]);
    });
  });
