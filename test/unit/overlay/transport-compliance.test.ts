import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Scope } from "../../../src/base/index.ts";
import type { Frames } from "../../../src/overlay/transport.ts";
import { rejects } from "../../helpers/rejects.ts";
import { frames, numbers, TestChild, TestServer, TRANSPORT_KINDS } from "../../helpers/tree-transport.ts";
import { until, within } from "../../helpers/until.ts";

const BURST = 10_000;
const STRANGER = "!".repeat(40);

for (const [name, openKind] of Object.entries(TRANSPORT_KINDS)) {
  describe(`transport ${name}`, () => {
    test("carries frames both ways as they are, empty and long ones too", async () => {
      await using kind = await openKind();
      await using parent = await kind.open();
      const server = await TestServer.listen(parent, kind.uri());
      await using child = await TestChild.join(kind, parent, server, "child-0");
      const messages: Frames[] = [
        frames("", "topic", "payload", "proto"),
        frames("", ""),
        [1, 127, 128, 129, 300, 70_000].map((size) => new Uint8Array(size).fill(size)),
        Array.from({ length: 40 }, (_, i) => new Uint8Array([i, 0, 255])),
      ];
      for (const message of messages) {
        child.link.send(message);
        server.server.send("child-0", message);
      }
      await until(() => server.received.length + child.received.length === 8, "all messages");
      const bytes = (all: readonly Frames[]) => all.map((message) => message.map((it) => [...it]));
      assert.deepEqual(bytes(server.received.map((it) => it.frames)), bytes(messages));
      assert.deepEqual(bytes(child.received), bytes(messages));
    });

    test("tells its peers apart, and keeps the order of each", async () => {
      await using kind = await openKind();
      await using parent = await kind.open();
      const server = await TestServer.listen(parent, kind.uri());
      await using one = await TestChild.join(kind, parent, server, "one");
      await using two = await TestChild.join(kind, parent, server, "two");
      for (const number of numbers(100)) {
        one.link.send(frames(number));
        two.link.send(frames(`${number} of two`));
        server.server.send(Number(number) % 2 === 0 ? "one" : "two", frames(number));
      }
      await until(() => server.received.length === 200, "200 messages at the parent");
      await until(() => one.received.length + two.received.length === 100, "100 messages at the children");
      assert.deepEqual(server.texts("one"), numbers(100));
      assert.deepEqual(
        server.texts("two"),
        numbers(100).map((it) => `${it} of two`),
      );
      assert.deepEqual(
        one.texts(),
        numbers(100).filter((it) => Number(it) % 2 === 0),
      );
      assert.deepEqual(
        two.texts(),
        numbers(100).filter((it) => Number(it) % 2 === 1),
      );
    });

    test("delivers nothing from within send", async () => {
      await using kind = await openKind();
      await using parent = await kind.open();
      let sending = false;
      const nested: string[] = [];
      const server = await TestServer.listen(parent, kind.uri(), {
        unreachable: (peer) => nested.push(sending ? "within send" : peer),
      });
      await using child = await TestChild.join(kind, parent, server, "child-0");
      sending = true;
      for (let i = 0; i < 10; i++) {
        server.server.send("nobody", frames("lost"));
        child.link.send(frames("up"));
        assert.equal(server.received.length, 0);
      }
      sending = false;
      await until(() => nested.length === 10 && server.received.length === 10, "all reports");
      assert.deepEqual(new Set(nested), new Set(["nobody"]));
    });

    test(`a burst of ${BURST} each way in one turn arrives whole and in order`, async () => {
      await using kind = await openKind();
      await using parent = await kind.open();
      const server = await TestServer.listen(parent, kind.uri());
      await using child = await TestChild.join(kind, parent, server, "child-0");
      for (const number of numbers(BURST)) {
        child.link.send(frames(number, "payload"));
        server.server.send("child-0", frames(number, "payload"));
      }
      await until(() => server.received.length + child.received.length === 2 * BURST, "all", 20_000);
      assert.deepEqual(server.texts(), numbers(BURST));
      assert.deepEqual(child.texts(), numbers(BURST));
      const { queued, queuedBytes, dropped, unreachable } = server.server.stats;
      assert.deepEqual(
        { queued, queuedBytes, dropped, unreachable },
        {
          queued: 0,
          queuedBytes: 0,
          dropped: 0,
          unreachable: 0,
        },
      );
      assert.equal(server.server.stats.sent, BURST + 1);
      assert.equal(server.server.stats.received, BURST + 1);
      assert.equal(child.link.stats.sent, BURST + 1);
      assert.equal(child.link.stats.received, BURST + 1);
    });

    test("carries messages of many megabytes", async () => {
      await using kind = await openKind();
      await using parent = await kind.open();
      const server = await TestServer.listen(parent, kind.uri());
      await using child = await TestChild.join(kind, parent, server, "child-0");
      const big = new Uint8Array(20_000_000);
      for (let i = 0; i < big.length; i += 997) big[i] = i;
      for (const first of ["a", "b"]) {
        child.link.send([...frames(first), big]);
        server.server.send("child-0", [...frames(first), big]);
      }
      await until(() => server.received.length + child.received.length === 4, "four big ones", 20_000);
      assert.deepEqual(server.texts(), ["a", "b"]);
      for (const message of [...server.received.map((it) => it.frames), ...child.received])
        assert.equal(Buffer.compare(message[1]!, big), 0);
    });

    test("reports each message to a peer it never knew", async () => {
      await using kind = await openKind();
      await using parent = await kind.open();
      const server = await TestServer.listen(parent, kind.uri());
      await using child = await TestChild.join(kind, parent, server, "child-0");
      server.server.send("nobody", frames("x"));
      server.server.send("child-0", frames("y"));
      server.server.send("nobody", frames("z"));
      server.server.send("", frames("z"));
      await until(() => server.unreachable.length === 3 && child.received.length === 1, "reports");
      assert.deepEqual(server.unreachable, ["nobody", "nobody", ""]);
      assert.equal(server.server.stats.unreachable, 3);
    });

    test("reports a peer that has gone, and knows it again when it comes back", async () => {
      await using kind = await openKind();
      await using parent = await kind.open();
      const server = await TestServer.listen(parent, kind.uri());
      const child = await TestChild.join(kind, parent, server, "child-0");
      await using other = await TestChild.join(kind, parent, server, "other");
      await child.transport.close();
      await until(() => {
        server.server.send("child-0", frames("anyone there?"));
        return server.unreachable.length > 0;
      }, "a report");
      assert.equal(server.unreachable[0], "child-0");
      server.server.send("other", frames("still there?"));
      await until(() => other.texts().includes("still there?"), "the other's message");
      await using again = await TestChild.join(kind, parent, server, "child-0");
      server.server.send("child-0", frames("welcome back"));
      await until(() => again.texts().includes("welcome back"), "message to the one that came back");
    });

    test("reports a peer whose connection ends, though nothing is sent, and no other", async () => {
      await using kind = await openKind();
      await using parent = await kind.open();
      const server = await TestServer.listen(parent, kind.uri());
      const child = await TestChild.join(kind, parent, server, "child-0");
      await using other = await TestChild.join(kind, parent, server, "other");
      await child.transport.close();
      await until(() => server.unreachable.length > 0, "a report");
      server.server.probe("child-0");
      server.server.probe("other");
      await until(() => server.unreachable.length > 1, "an answer to the question");
      assert.deepEqual(server.unreachable, ["child-0", "child-0"]);
      other.link.send(frames("all well"));
      await until(() => server.received.length > 0, "the other's message");
      assert.deepEqual(server.texts("other"), ["all well"]);
    });

    test("a child hears that its connection ended, behind what came before, and may have another", async () => {
      await using kind = await openKind();
      const parent = await kind.open();
      const server = await TestServer.listen(parent, kind.uri());
      await using child = await TestChild.join(kind, parent, server, "child-0");
      for (const number of numbers(100)) server.server.send("child-0", frames(number));
      await parent.close();
      await until(() => child.lost === 1, "the end");
      assert.deepEqual(child.texts(), numbers(child.received.length));
      await using quiet = await TestChild.open(kind);
      quiet.connect(server.uri, parent.publicKey, "never there");
      quiet.link.disconnect();
      assert.equal(quiet.lost, 0);
      child.link.disconnect();
      assert.equal(child.lost, 1);
    });

    test("a child that is not authorized reaches nobody and leaves a line in the log", async () => {
      await using kind = await openKind();
      const lines: string[] = [];
      await using parent = await kind.open({ log: (level, text) => lines.push(`${level} ${text}`) });
      const server = await TestServer.listen(parent, kind.uri());
      await using child = await TestChild.join(kind, parent, server, "child-0");
      await using stranger = await TestChild.open(kind);
      stranger.connect(server.uri, parent.publicKey, "stranger");
      stranger.link.send(frames("let me in"));
      const refusal = `err overlay auth No access: ${stranger.transport.publicKey} from `;
      await until(() => lines.some((line) => line.startsWith(refusal)), "a line about the stranger");
      server.server.send("stranger", frames("hush"));
      child.link.send(frames("all well"));
      await until(() => server.unreachable.length === 1, "report about the stranger");
      await until(() => server.received.length > 0, "the child's message");
      assert.deepEqual(server.texts(), ["all well"]);
      assert.deepEqual(stranger.received, []);
    });

    test("a child that wants another parent reaches nobody", async () => {
      await using kind = await openKind();
      const lines: string[] = [];
      await using parent = await kind.open({ log: (_level, text) => lines.push(text) });
      const server = await TestServer.listen(parent, kind.uri());
      await using wrong = await TestChild.open(kind);
      await using other = await kind.open();
      server.server.authorize("wrong", wrong.transport.publicKey);
      wrong.connect(server.uri, other.publicKey, "wrong");
      wrong.link.send(frames("are you mine?"));
      await until(() => lines.length > 0, "a line in the log");
      await using child = await TestChild.join(kind, parent, server, "child-0");
      server.server.send("wrong", frames("no"));
      child.link.send(frames("all well"));
      await until(() => server.unreachable.length === 1 && server.received.length > 0, "the child's message");
      assert.deepEqual(server.texts(), ["all well"]);
      assert.deepEqual(wrong.received, []);
    });

    test("keeps what is sent before the parent listens", async () => {
      await using kind = await openKind();
      await using first = await kind.open();
      const { uri } = await TestServer.listen(first, kind.uri());
      await first.close();
      await using parent = await kind.open();
      await using child = await TestChild.open(kind);
      child.connect(uri, parent.publicKey, "early");
      for (const number of numbers(3000)) child.link.send(frames(number));
      const server = await TestServer.listen(parent, uri);
      server.server.authorize("early", child.transport.publicKey);
      await until(() => server.received.length === 3000, "what was sent before");
      assert.deepEqual(server.texts("early"), numbers(3000));
    });

    test("what is beyond the bound is dropped and counted, what was kept arrives in order", async () => {
      await using kind = await openKind();
      await using first = await kind.open();
      const { uri } = await TestServer.listen(first, kind.uri());
      await first.close();
      await using parent = await kind.open();
      await using child = await TestChild.open(kind, { maxQueuedBytes: 100_000 });
      child.connect(uri, parent.publicKey, "early");
      const filling = new Uint8Array(936);
      for (let sent = 0; sent < 5000; sent += 50) {
        for (let i = sent; i < sent + 50; i++) child.link.send([...frames(String(i)), filling]);
        await new Promise((resolve) => setImmediate(resolve));
      }
      const { dropped, queuedBytes } = child.link.stats;
      assert(dropped >= 3500 && dropped < 5000, `${dropped} dropped`);
      assert(queuedBytes > 90_000 && queuedBytes <= 100_000, `${queuedBytes} bytes wait`);
      const server = await TestServer.listen(parent, uri);
      server.server.authorize("early", child.transport.publicKey);
      await until(() => server.received.length === 5000 - dropped, "what was kept");
      assert.deepEqual(server.texts("early"), numbers(5000 - dropped));
      assert.equal(child.link.stats.queuedBytes, 0);
    });

    test("a server and a link in one transport: a chain of brokers", async () => {
      await using kind = await openKind();
      await using top = await kind.open();
      const topServer = await TestServer.listen(top, kind.uri());
      await using middle = await TestChild.join(kind, top, topServer, "middle");
      const middleServer = await TestServer.listen(middle.transport, kind.uri(), {
        receive: (peer, message) => middle.link.send([...frames(peer), ...message]),
      });
      await using leaf = await TestChild.open(kind);
      middleServer.server.authorize("leaf", leaf.transport.publicKey);
      leaf.connect(middleServer.uri, middle.transport.publicKey, "leaf");
      leaf.link.send(frames("up"));
      await until(() => topServer.received.length === 1, "the leaf's message at the top");
      const [message] = topServer.received;
      assert.equal(message?.peer, "middle");
      assert.deepEqual(
        message.frames.map((it) => Buffer.from(it).toString()),
        ["leaf", "up"],
      );
    });

    test("after disconnect the link is silent, and what was sent before has gone out", async () => {
      await using kind = await openKind();
      await using parent = await kind.open();
      const server = await TestServer.listen(parent, kind.uri());
      await using child = await TestChild.join(kind, parent, server, "child-0");
      child.link.send(frames("last words"));
      child.link.disconnect();
      child.link.disconnect();
      child.link.send(frames("from the grave"));
      await until(() => {
        server.server.send("child-0", frames("hello?"));
        return server.unreachable.length > 0;
      }, "report about the child");
      assert.deepEqual(server.texts(), ["last words"]);
      assert.deepEqual(child.received, []);
    });

    test("closes at once with much to send, at either end", async () => {
      await using kind = await openKind();
      for (const early of ["parent", "child"]) {
        await using parent = await kind.open();
        const server = await TestServer.listen(parent, kind.uri());
        await using child = await TestChild.join(kind, parent, server, "child-0");
        for (const number of numbers(BURST)) {
          child.link.send(frames(number));
          server.server.send("child-0", frames(number));
        }
        const [first, second] = early === "parent" ? [parent, child.transport] : [child.transport, parent];
        await within(first.close(), "close of the first");
        await within(second.close(), "close of the second");
        assert.deepEqual(server.texts(), numbers(server.received.length));
        assert.deepEqual(child.texts(), numbers(child.received.length));
        const after = server.received.length + child.received.length;
        server.server.send("child-0", frames("late"));
        child.link.send(frames("late"));
        await new Promise((resolve) => setImmediate(resolve));
        assert.equal(server.received.length + child.received.length, after);
      }
    });

    test("lives twelve times in one process, each with keys of its own", async () => {
      await using kind = await openKind();
      await using scope = new Scope();
      const pairs = await Promise.all(
        numbers(12).map(async (number) => {
          const parent = await kind.open();
          scope.defer(() => parent.close());
          const server = await TestServer.listen(parent, kind.uri());
          const child = await TestChild.join(kind, parent, server, "child");
          scope.defer(() => child.transport.close());
          return { number, parent, server, child };
        }),
      );
      assert.equal(
        new Set(pairs.flatMap(({ parent, child }) => [parent.publicKey, child.transport.publicKey])).size,
        24,
      );
      for (const { number, child } of pairs) child.link.send(frames(number));
      await until(() => pairs.every(({ server }) => server.received.length === 1), "a message at each");
      assert.deepEqual(
        pairs.flatMap(({ server }) => server.texts()),
        numbers(12),
      );
    });

    test("listens again where another listened before", async () => {
      await using kind = await openKind();
      let uri = kind.uri();
      for (let round = 0; round < 10; round++) {
        await using parent = await kind.open();
        const server = await TestServer.listen(parent, uri);
        if (uri.startsWith("ipc:") || uri.startsWith("inproc:")) uri = server.uri;
        await using child = await TestChild.join(kind, parent, server, "child");
        child.link.send(frames("hi"));
        await until(() => server.received.length === 1, `message of round ${round}`);
      }
    });

    test("refuses what can't be", async () => {
      await using kind = await openKind();
      await using parent = await kind.open();
      await using child = await kind.open();
      const handlers = { receive: () => {}, unreachable: () => {} };
      await rejects(parent.listen({ uris: [], ...handlers }), "EINVAL", "no URI to listen at");
      const link = { identity: "me", receive: () => {} };
      const connect = async (uri: string, serverKey: string) => child.connect({ uri, serverKey, ...link });
      await rejects(connect(kind.uri(), STRANGER.slice(1)), "EINVAL");
      await rejects(connect("carrier://pigeon", parent.publicKey), "EINVAL");
      const { uri } = await TestServer.listen(parent, kind.uri());
      await rejects(
        parent.listen({ uris: [kind.uri()], ...handlers }),
        "EINVAL",
        "the transport listens already",
      );
      await connect(uri, parent.publicKey);
      await rejects(connect(uri, parent.publicKey), "EINVAL", "the transport has a parent already");
      await using another = await kind.open();
      await rejects(another.listen({ uris: ["carrier://pigeon"], ...handlers }), "EINVAL");
      await child.close();
      await child.close();
      await rejects(child.listen({ uris: [kind.uri()], ...handlers }), "EINVAL", "the transport is closed");
    });
  });
}
