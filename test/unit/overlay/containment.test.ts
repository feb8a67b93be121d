import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { encodeUtf8, FluxError } from "../../../src/base/index.ts";
import { decodeFrames, encodeFrames, Message, Role, textPayload } from "../../../src/message/index.ts";
import { isBundle } from "../../../src/overlay/bundle.ts";
import { InProcessTransport } from "../../../src/overlay/index.ts";
import { watchSocket } from "../../../src/overlay/socket-events.ts";
import { LimitedLog } from "../../../src/overlay/transport-log.ts";
import { HostileMessages } from "../../helpers/hostile-messages.ts";
import { seededRandom } from "../../helpers/message-fuzz.ts";
import { kinds, TestPeer, TestTree } from "../../helpers/overlay-tree.ts";
import { frames, TestChild, TestServer, TRANSPORT_KINDS } from "../../helpers/tree-transport.ts";
import { until } from "../../helpers/until.ts";

/** Messages that each side of the tree is sent by chance. */
const HOSTILE = 4000;

function helloOf(uuid: string, rank: unknown = 1): Message {
  const payload = textPayload(JSON.stringify({ rank, version: 0x5800, uuid, status: 1, hostname: "host1" }));
  return Message.request({ topic: "overlay.hello", payload, rolemask: Role.OWNER });
}

test("a hello in a bundle, well-formed or not, sends its peer away and disturbs nobody", async () => {
  await using tree = new TestTree("kary:2", 3);
  const root = await tree.start(0, { bundles: true });
  const other = await tree.start(2);
  for (const rank of [1, "one"]) {
    await using peer = tree.peer();
    peer.send(helloOf(peer.identity, rank).encode());
    await until(() => peer.received.length === 1, "an answer");
    assert.deepEqual(kinds([peer.message(0)]), ["control 2"]);
  }
  assert.deepEqual(root.overlay.onlineChildren, [2]);
  other.send("test.still", 0);
  await until(() => root.requests.length === 1, "a request of the other child");
});

test("what cannot find its way is dropped from a bundle, and the others arrive", async () => {
  await using tree = new TestTree("kary:2", 3);
  const root = await tree.start(0, { bundles: true });
  await using peer = tree.peer();
  await peer.hello({ bundles: true });
  const bundle = [
    Message.response({ topic: "a.b", matchtag: 1, routes: null }),
    Message.request({ topic: "a.b", matchtag: 1, routes: null }),
    Message.request({ matchtag: 1 }),
    Message.request({ topic: "test.good", matchtag: 1 }),
  ];
  peer.send(Buffer.concat(bundle.map((message) => message.encode())));
  await until(() => root.requests.length === 1, "the request that has all it needs");
  const drops = root.logged.filter((line) => line.includes("malformed message"));
  assert.deepEqual([drops.length, root.responses, root.overlay.onlineChildren], [3, [], [1]]);
  assert.deepEqual([kinds(root.requests), root.overlay.stats.childRequests], [["test.good"], 1]);
});

test("a hello under the name of the broker itself, or of its parent, is refused", async () => {
  await using tree = await TestTree.open("kary:1", 3);
  const [root, middle] = tree.all;
  for (const uuid of [middle.uuid, root.uuid]) {
    await using peer = new TestPeer(tree.network, middle.overlay, uuid);
    const response = await peer.hello({ rank: 2, hostname: "host2" });
    assert.equal(response.text, "uuid is that of another broker");
  }
});

test("a child whose message can't be handled is cut off, with one line in the log, and the others go on", async () => {
  await using tree = new TestTree("kary:2", 3);
  const root = await tree.start(0);
  const other = await tree.start(2);
  await using peer = tree.peer();
  await peer.hello({});
  const route = root.route.bind(root);
  root.route = (request) => {
    if (request.topic === "test.bad") throw new TypeError("no\nstack");
    route(request);
  };
  peer.received.length = 0;
  peer.sendMessage(Message.request({ topic: "test.bad", matchtag: 1 }));
  await until(() => peer.received.length === 1, "to be sent away");
  assert.deepEqual(kinds([peer.message(0)]), ["control 2"]);
  assert.deepEqual(root.overlay.onlineChildren, [2]);
  assert.equal(root.children.at(-1), "1 lost");
  const lines = root.logged.filter((line) => line.includes("disconnecting"));
  assert.deepEqual(lines, ["err: disconnecting rank 1: a message of it failed: TypeError: no"]);
  other.send("test.good", 0);
  await until(() => root.requests.length === 1, "a request of the other child");
});

test("a parent whose message can't be handled is given up, and what waits for it fails", async () => {
  await using tree = await TestTree.open("kary:1", 2);
  const [root, child] = tree.all;
  child.send("test.wait", 0);
  child.route = () => {
    throw new RangeError("no");
  };
  root.send("test.bad", 1, { matchtag: 7 });
  await until(() => child.posted.length > 0, "the end of the connection");
  assert.deepEqual(child.posted, ["parent-fail error"]);
  assert.equal(
    child.logged.at(-1),
    "crit: disconnecting host0 (rank 0): a message of it failed: RangeError: no",
  );
  assert.deepEqual(kinds(child.responses), ["test.wait"]);
});

test("an event that nobody can keep is lost and nothing else; one whose handling fails otherwise ends the connection", async () => {
  await using tree = await TestTree.open("kary:1", 2);
  const [root, child] = tree.all;
  let thrown: Error = new FluxError("EINVAL", "event 1 is not above 7, the last one");
  child.events.push = () => {
    throw thrown;
  };
  root.publish(Message.event({ topic: "test.one" }));
  await until(
    () => child.logged.at(-1)!.endsWith("event 1 is not above 7, the last one"),
    "a line in the log",
  );
  root.send("test.still", 1);
  await until(() => child.requests.length === 1, "a request");
  assert.deepEqual(child.posted, []);
  thrown = new TypeError("no");
  root.publish(Message.event({ topic: "test.two" }));
  await until(() => child.posted.length === 1, "the end of the connection");
});

test("a stranger that goes on sending gets few answers", async () => {
  await using tree = new TestTree("kary:2", 3);
  const root = await tree.start(0);
  await using peer = tree.peer();
  for (let i = 0; i < 2000; i++) peer.send(...encodeFrames(helloOf("somebody else")));
  await using another = tree.peer();
  assert.equal((await another.hello({})).errnum, 0);
  assert(peer.received.length <= 20, `${peer.received.length} answers`);
  const lines = root.logged.filter((line) => line.includes("rejecting connection"));
  assert(lines.length <= 6, lines.join("\n"));
});

test("whatever a child sends, its parent and the others go on", async () => {
  await using tree = new TestTree("kary:2", 3);
  const root = await tree.start(0, { bundles: true });
  const other = await tree.start(2);
  await using peer = tree.peer();
  await peer.hello({ bundles: true });
  const uuids = [root.uuid, other.uuid, peer.identity];
  const controls = [
    [0, 0],
    [1, 1],
    [1, 2],
  ] as const;
  const messages = new HostileMessages({ random: seededRandom(15), uuids, controls });
  for (let i = 0; i < HOSTILE; i++) peer.send(...messages.next());
  other.send("test.still", 0);
  await until(
    () => root.requests.some(({ topic }) => topic === "test.still"),
    "a request of the other child",
  );
  assert.deepEqual(
    root.logged.filter((line) => / failed/.test(line)),
    [],
  );
  assert(root.logged.length < 50, `${root.logged.length} lines in the log`);
});

test("whatever a parent sends, its child goes on, and those below it", async () => {
  await using tree = new TestTree("kary:1", 3, { bundles: true });
  const transport = new InProcessTransport(tree.network);
  const uuid = randomUUID();
  const uris = [`inproc://tbon-${transport.publicKey}`];
  const got: Message[] = [];
  const server = await transport.listen({
    uris,
    receive(peer, received) {
      if (isBundle(received)) return;
      const message = decodeFrames(received, encodeUtf8(peer));
      got.push(message);
      if (message.topic !== "overlay.hello") return;
      const payload = textPayload(JSON.stringify({ uuid, bundles: true }));
      server.send(peer, encodeFrames(message.deriveResponse(0, payload), 1));
    },
    unreachable() {},
  });
  const child = await tree.start(1);
  const leaf = await tree.start(2);
  server.authorize("1", child.overlay.publicKey);
  child.overlay.connect(uris[0]!, transport.publicKey);
  await until(() => child.logged.some((line) => line.includes("hello parent")), "the hello");
  const uuids = [uuid, child.uuid, leaf.uuid];
  const messages = new HostileMessages({ random: seededRandom(16), uuids, controls: [] });
  for (let i = 0; i < HOSTILE; i++) server.send(child.uuid, messages.next());
  server.send(child.uuid, encodeFrames(Message.request({ topic: "test.last", nodeid: 1 })));
  await until(() => child.requests.some(({ topic }) => topic === "test.last"), "the last request");
  leaf.send("test.still", 1);
  await until(() => child.requests.at(-1)?.topic === "test.still", "a request of the child below");
  assert.deepEqual(child.posted, []);
  const faults = child.logged.filter((line) => / failed/.test(line));
  assert.deepEqual(faults, []);
  assert(child.logged.length < 50, `${child.logged.length} lines in the log`);
  await transport.close();
});

for (const [name, open] of Object.entries(TRANSPORT_KINDS))
  test(`what the owner of a transport throws goes no further: ${name}`, async () => {
    await using kind = await open();
    const lines: string[] = [];
    const log = (_level: string, text: string) => lines.push(text);
    await using parent = await kind.open({ log });
    const received: string[] = [];
    const fail = (text: string): void => {
      received.push(text);
      if (text === "bad") throw new TypeError("no such thing");
    };
    const server = await TestServer.listen(parent, kind.uri(), {
      receive: (_peer, [first]) => fail(new TextDecoder().decode(first)),
      unreachable: (peer) => fail(peer === "bad" ? peer : "gone"),
    });
    await using child = await TestChild.open(kind, { log });
    server.server.authorize("child", child.transport.publicKey);
    const got: string[] = [];
    const link = child.transport.connect({
      uri: server.uri,
      serverKey: parent.publicKey,
      identity: "child",
      receive: ([first]) => {
        got.push(new TextDecoder().decode(first));
        if (got.at(-1) === "bad") throw new TypeError("no such thing");
      },
    });
    for (const text of ["one", "bad", "two"]) link.send(frames(text));
    await until(() => received.includes("two"), "messages of the child");
    server.server.send("bad", frames("nobody"));
    for (const text of ["one", "bad", "two"]) server.server.send("child", frames(text));
    await until(() => got.includes("two"), "messages of the parent");
    await until(() => received.filter((text) => text === "bad").length === 2, "a report");
    const faults = lines.filter((line) => line.endsWith("TypeError: no such thing"));
    assert.equal(faults.length, 3, lines.join("\n"));
  });

test("the events of a socket go on after one that could not be handled", async () => {
  const types = ["disconnect", "disconnect", "end"];
  const lines: string[] = [];
  let heard = 0;
  await watchSocket({ closed: false, receive: async () => ({ type: types.shift() }) } as never, {
    who: "child",
    refusals: new LimitedLog((_level, text) => lines.push(text)),
    trace: undefined,
    heard() {
      if (++heard === 1) throw new TypeError("no");
    },
  });
  assert.equal(heard, 2);
  assert.deepEqual(lines, ["child sockevent disconnect failed: TypeError: no"]);
});
