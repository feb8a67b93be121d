import assert from "node:assert/strict";
import { test } from "node:test";
import { Message, MessageFlag, Role } from "../../../src/message/index.ts";
import { type Frames, InProcessTransport } from "../../../src/overlay/index.ts";
import { TestTree, wire } from "../../helpers/overlay-tree.ts";
import { until } from "../../helpers/until.ts";

const HELLO = "8e01010b ffffffff 00000001 ffffffff 00000000";
const WELCOME = "8e01020b ffffffff 00000000 00000000 00000000";
const REFUSAL = "8e01020b ffffffff 00000000 00000016 00000000";
const HEARTBEAT = "8e010808 ffffffff 00000000 00000000 00000000";
const STATUS_FULL = "8e010808 ffffffff 00000000 00000001 00000001";
const DISCONNECT = "8e010808 ffffffff 00000000 00000002 00000000";
const GOODBYE = "8e010109 ffffffff 00000001 ffffffff 00000000";
const GOODBYE_ANSWER = "8e010209 ffffffff 00000000 00000000 00000000";

/** A parent that is no overlay: what rank 1 sends is kept, and what it gets is up to the test. */
async function rawParent(tree: TestTree) {
  const transport = new InProcessTransport(tree.network);
  const received: Frames[] = [];
  const server = await transport.listen({
    uris: ["inproc://raw"],
    receive: (_peer, frames) => received.push(frames),
    unreachable: () => {},
  });
  const child = await tree.start(1);
  server.authorize("1", child.overlay.publicKey);
  child.overlay.connect("inproc://raw", transport.publicKey);
  return {
    child,
    server,
    /** Frames as they come, each once. */
    async next(): Promise<string[]> {
      await until(() => received.length > 0, "a message of the child");
      return wire(received.shift());
    },
    send: (topic: string, payload: string | undefined, header: string) => {
      const texts = ["", topic, ...(payload === undefined ? [] : [payload])];
      const bytes = texts.map((text) => new TextEncoder().encode(text));
      server.send(child.uuid, [...bytes, Buffer.from(header.replaceAll(" ", ""), "hex")]);
    },
    [Symbol.asyncDispose]: () => transport.close(),
  };
}

test("a child says hello, how its subtree is, that it is still there, and goodbye", async () => {
  await using tree = new TestTree("kary:1", 3);
  await using parent = await rawParent(tree);
  const { child } = parent;
  const payload = `{"rank":1,"version":22528,"uuid":"${child.uuid}","status":2,"hostname":"host1"}\0`;
  assert.deepEqual(await parent.next(), ["", "overlay.hello", payload, HELLO]);
  parent.send("overlay.hello", '{"uuid":"parent"}\0', WELCOME);
  await until(() => child.logged.includes("debug: hello parent 0 parent"), "the welcome");
  await tree.start(2);
  assert.deepEqual(await parent.next(), ["", STATUS_FULL]);
  tree.clock.advance(5000);
  child.overlay.heartbeat();
  child.overlay.heartbeat();
  tree.clock.advance(1);
  child.overlay.heartbeat();
  tree.clock.advance(999);
  child.overlay.heartbeat();
  assert.deepEqual(await parent.next(), ["", HEARTBEAT]);
  child.overlay.stateChanged("goodbye");
  assert.deepEqual(await parent.next(), ["", "overlay.goodbye", GOODBYE]);
  assert.equal(child.overlay.toParent(Message.request({ topic: "late" })), false);
  assert.deepEqual(child.posted, []);
  parent.send("overlay.goodbye", undefined, GOODBYE_ANSWER);
  await until(() => child.posted.length > 0, "goodbye");
  assert.deepEqual(child.posted, ["goodbye"]);
});

test("a parent answers hello and goodbye, and sends strangers away", async () => {
  await using tree = new TestTree("kary:2", 3);
  const root = await tree.start(0);
  await using stranger = tree.peer();
  stranger.sendMessage(Message.request({ topic: "log.append", flags: MessageFlag.NORESPONSE }));
  await until(() => stranger.received.length > 0, "the answer");
  assert.deepEqual(wire(stranger.received[0]), ["", DISCONNECT]);
  await using peer = tree.peer();
  await peer.hello({});
  assert.deepEqual(wire(peer.received[0]), ["", "overlay.hello", `{"uuid":"${root.uuid}"}\0`, WELCOME]);
  assert.equal(root.overlay.stats.childrenOnline, 1);
  peer.sendMessage(Message.request({ topic: "overlay.goodbye", rolemask: Role.OWNER }));
  await until(() => peer.received.length === 2, "the answer");
  assert.deepEqual(wire(peer.received[1]), ["", "overlay.goodbye", GOODBYE_ANSWER]);
  assert.equal(root.overlay.stats.childrenOnline, 0);
  await using wrong = tree.peer();
  await wrong.hello({ version: 0x005900 });
  const text = "client (0.89.0) version mismatched with server (0.88.0)\0";
  assert.deepEqual(wire(wrong.received[0]), ["", "overlay.hello", text, REFUSAL]);
});

test("an event goes down with its number and without routes", async () => {
  await using tree = new TestTree("kary:2", 3);
  const root = await tree.start(0);
  await using peer = tree.peer();
  await peer.hello({});
  root.overlay.toChildren(
    Message.event({ topic: "a.b", seq: 7, userid: 500, rolemask: Role.OWNER, routes: null }),
  );
  root.overlay.toChildren(
    Message.event({ topic: "a.c", seq: 8, userid: 500, rolemask: Role.OWNER, routes: ["x", "y"] }),
  );
  await until(() => peer.received.length === 3, "the events");
  assert.deepEqual(wire(peer.received[1]), ["", "a.b", "8e010409 000001f4 00000001 00000007 00000000"]);
  assert.deepEqual(wire(peer.received[2]), ["", "a.c", "8e010409 000001f4 00000001 00000008 00000000"]);
});

test("requests and responses carry the routes of flux-core", async () => {
  await using tree = new TestTree("kary:2", 3);
  const root = await tree.start(0);
  await using peer = tree.peer();
  await peer.hello({});
  const { uuid } = root;
  const streaming = MessageFlag.STREAMING | MessageFlag.UPSTREAM;
  const fields = { userid: 500, rolemask: 5, nodeid: 1, matchtag: 3 };
  peer.sendMessage(Message.request({ topic: "state-machine.monitor", flags: streaming, ...fields }));
  await until(() => root.requests.length === 1, "the request");
  const request = root.requests[0]!;
  assert.deepEqual([request.routes, request.rolemask], [[peer.identity], 1]);
  root.answer({ state: 5 });
  root.send("broker.ping", 1, { sender: "client" });
  await until(() => peer.received.length === 3, "response and request");
  const [, response, down] = peer.received;
  const header = "8e01025b ffffffff 00000000 00000000 00000003";
  assert.deepEqual(wire(response), ["", "state-machine.monitor", '{"state":5}\0', header]);
  const pinged = "8e010109 000001f4 00000005 00000001 00000001";
  assert.deepEqual(wire(down), [uuid, "client", "", "broker.ping", pinged]);
  peer.sendMessage(Message.response({ topic: "broker.ping", matchtag: 1, routes: [uuid, "client"] }));
  await until(() => root.responses.length === 1, "the response");
  assert.deepEqual(root.responses[0]!.routes, ["client"]);
  assert.equal(root.overlay.stats.childRpcs, 0);
});

test("what a flux-core router sends back down for want of a service goes up to the next", async () => {
  await using tree = new TestTree("kary:1", 3);
  await using parent = await rawParent(tree);
  const { child } = parent;
  await parent.next();
  parent.send("overlay.hello", '{"uuid":"parent"}\0', WELCOME);
  await until(() => child.logged.includes("debug: hello parent 0 parent"), "the welcome");
  child.send("no.service", 1, { flags: MessageFlag.UPSTREAM, matchtag: 7 });
  const up = "8e010119 000001f4 00000005 00000001 00000007";
  assert.deepEqual(await parent.next(), ["client", "", "no.service", up]);
  const ids = ["parent", child.uuid, "client", "", "no.service"].map((id) => new TextEncoder().encode(id));
  parent.server.send(child.uuid, [...ids, Buffer.from(up.replaceAll(" ", ""), "hex")]);
  const on = "8e010109 000001f4 00000001 ffffffff 00000007";
  // With its whole way on it: the router waits for an answer to what it sent down.
  const way = ["parent", child.uuid, "client", ""];
  assert.deepEqual(await parent.next(), [...way, "no.service", on]);
  assert.deepEqual([child.requests.length, child.overlay.stats.parentRpcs], [0, 1]);
  const answer = "8e01020b ffffffff 00000000 00000000 00000007";
  const [payload, proto] = ["{}\0", answer.replaceAll(" ", "")];
  const frames = (routes: string[]) =>
    [...routes, "no.service", payload].map((text) => Buffer.from(text)).concat(Buffer.from(proto, "hex"));
  parent.server.send(child.uuid, frames(way));
  assert.deepEqual(await parent.next(), [...way, "no.service", payload, answer]);
  assert.equal(child.overlay.stats.parentRpcs, 1);
  parent.server.send(child.uuid, frames(["client", ""]));
  await until(() => child.responses.length === 1, "the answer");
  assert.deepEqual([child.responses[0]!.routes, child.overlay.stats.parentRpcs], [["client"], 0]);
  child.overlay.stateChanged("goodbye");
  parent.server.send(child.uuid, [...ids, Buffer.from(up.replaceAll(" ", ""), "hex")]);
  await until(() => child.responses.length === 2, "the error");
  assert.deepEqual([child.responses[1]!.errnum, child.responses[1]!.routes], [113, ["client"]]);
});

test("an event that comes down with routes loses them", async () => {
  await using tree = new TestTree("kary:1", 3);
  await using parent = await rawParent(tree);
  const { child } = parent;
  await parent.next();
  parent.send("overlay.hello", '{"uuid":"parent"}\0', WELCOME);
  const leaf = await tree.start(2);
  await until(() => child.children.length === 1, "a child");
  const header = Buffer.from("8e010409ffffffff000000050000000900000000", "hex");
  const ids = ["module", "", "e.x"].map((id) => new TextEncoder().encode(id));
  parent.server.send(child.uuid, [...ids, header]);
  await until(() => leaf.events.length === 1, "the event");
  for (const { events } of [child, leaf]) {
    const [event] = events;
    assert.deepEqual([event?.seq, event?.topic, event?.routes ?? [], event?.rolemask], [9, "e.x", [], 1]);
  }
});

test("what is no message is dropped with a line in the log, and nothing else", async () => {
  await using tree = new TestTree("kary:2", 3);
  const root = await tree.start(0);
  await using peer = tree.peer();
  await peer.hello({});
  const header = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");
  const garbage: Uint8Array[][] = [
    [new Uint8Array(3)],
    [],
    [new Uint8Array(0), new Uint8Array(20)],
    [header("8e010101 ffffffff 00000001 ffffffff 00000001")],
    [header("8e010100 ffffffff 00000001 ffffffff 00000001")],
  ];
  for (const frames of garbage) peer.send(...frames);
  const line = `err: DROP downstream message topic - from ${peer.identity}: malformed message`;
  await until(() => root.logged.filter((text) => text === line).length === garbage.length, "the lines");
  root.send("x.y", 1);
  await until(() => peer.received.length === 2, "a request");
  await using chain = new TestTree("kary:1", 3);
  await using parent = await rawParent(chain);
  await parent.next();
  parent.send("x", undefined, "00");
  parent.send("early.event", undefined, "8e010409 ffffffff 00000000 00000001 00000000");
  parent.send("overlay.hello", '{"uuid":"parent"}\0', WELCOME);
  parent.send("x", undefined, HEARTBEAT);
  const { child } = parent;
  await until(() => child.logged.length === 6, "the lines");
  assert.deepEqual(child.logged.slice(2), [
    "err: DROP upstream message topic - : malformed message",
    "err: DROP upstream event topic early.event : message received before hello handshake completed",
    "debug: hello parent 0 parent",
    "err: DROP upstream control topic - : unknown control type",
  ]);
});
