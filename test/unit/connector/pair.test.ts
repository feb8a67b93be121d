import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { EMPTY, type FluxError } from "../../../src/base/index.ts";
import {
  type Connector,
  connectorPair,
  loopConnector,
  type PairEnd,
  receiveOnlyConnector,
} from "../../../src/connector/index.ts";
import { encodePushed, Message, Role, USERID_UNKNOWN } from "../../../src/message/index.ts";

interface Inbox {
  readonly messages: Message[];
  readonly ends: (FluxError | undefined)[];
}

function startInbox(connector: Connector): Inbox {
  const inbox: Inbox = { messages: [], ends: [] };
  connector.start({
    message: (message) => inbox.messages.push(message),
    closed: (reason) => inbox.ends.push(reason),
  });
  return inbox;
}

const tags = (inbox: Inbox): number[] => inbox.messages.map((message) => message.aux2);
const codes = (inbox: Inbox): (string | undefined)[] => inbox.ends.map((reason) => reason?.code);
const request = (matchtag: number, size = 10): Message =>
  Message.request({ topic: "a.b", matchtag, payload: new Uint8Array(size).fill(matchtag) });

function started(): [PairEnd, PairEnd, Inbox, Inbox] {
  const [near, far] = connectorPair();
  return [near, far, startInbox(near), startInbox(far)];
}

test("messages go both ways, in order, in a later microtask, through the codec", async () => {
  const [near, far, nearInbox, farInbox] = started();
  const sent = [request(1), request(2, 50_000), request(3)];
  for (const message of sent) near.send(message);
  far.send(request(4));
  assert.deepEqual([tags(nearInbox), tags(farInbox)], [[], []]);
  assert.ok(near.queuedBytes > 50_000);
  await turn();
  assert.deepEqual([tags(nearInbox), tags(farInbox)], [[4], [1, 2, 3]]);
  assert.equal(near.queuedBytes, 0);
  assert.equal(near.writable(), undefined);
  assert.notEqual(farInbox.messages[0], sent[0], "a message of its own");
  assert.deepEqual(farInbox.messages[1]!.payload, new Uint8Array(50_000).fill(2));
});

test("a broker's end forwards with routes and sends encoded frames", async () => {
  const [near, , , farInbox] = started();
  near.forward(request(1), encodePushed(["hop"]), 0);
  near.sendEncoded(Buffer.concat([request(2).encode(), request(3).encode()]));
  near.forward(request(4), EMPTY, 0);
  await turn();
  assert.deepEqual(tags(farInbox), [1, 2, 3, 4]);
  assert.deepEqual(
    farInbox.messages.map((message) => message.routes),
    [["hop"], [], [], []],
  );
});

test("what comes before start is kept", async () => {
  const [near, far] = connectorPair();
  near.send(request(1));
  await turn();
  near.send(request(2));
  await turn();
  const inbox = startInbox(far);
  near.send(request(3));
  await turn();
  assert.deepEqual(tags(inbox), [1, 2, 3]);
});

test("close delivers what is queued; the peer is told ECONNRESET, once", async () => {
  const [near, far, nearInbox, farInbox] = started();
  near.ref();
  near.unref();
  near.send(request(1));
  await near.close();
  await near.close();
  assert.deepEqual([tags(farInbox), codes(farInbox), codes(nearInbox)], [[1], ["ECONNRESET"], [undefined]]);
  for (const end of [near, far]) assert.throws(() => end.send(request(2)), { code: "ECONNRESET" });
  far.forward(request(3), EMPTY, 0);
  far.sendEncoded(request(4).encode());
  await far.end();
  far.destroy();
  await turn();
  assert.deepEqual([tags(nearInbox), codes(nearInbox), codes(farInbox)], [[], [undefined], ["ECONNRESET"]]);
});

test("destroy loses what is queued", async () => {
  const [near, , nearInbox, farInbox] = started();
  near.send(request(1));
  near.destroy();
  await turn();
  assert.deepEqual([tags(farInbox), codes(farInbox), codes(nearInbox)], [[], ["ECONNRESET"], [undefined]]);
});

test("a peer that sent and left before start is heard and its end told", async () => {
  const [near, far] = connectorPair();
  near.send(request(1));
  await near.close();
  const inbox = startInbox(far);
  assert.deepEqual([tags(inbox), codes(inbox)], [[1], ["ECONNRESET"]]);
});

test("a stream that is no frames closes both ends", async () => {
  const [near, , nearInbox, farInbox] = started();
  near.send(request(1));
  near.sendEncoded(Buffer.from("no frame at all"));
  await turn();
  assert.deepEqual([tags(farInbox), codes(farInbox), codes(nearInbox)], [[1], ["EPROTO"], ["ECONNRESET"]]);
});

test("loop: what is sent comes back, stamped as the owner's", async () => {
  const connector = loopConnector({ userid: 42, rolemask: Role.OWNER });
  const inbox = startInbox(connector);
  assert.equal(connector.uri, "loop://");
  connector.send!(request(1));
  connector.send!(Message.event({ topic: "e", userid: 7, rolemask: Role.USER }));
  await turn();
  const stamps = inbox.messages.map(({ userid, rolemask }) => [userid, rolemask]);
  assert.deepEqual(stamps, [
    [42, Role.OWNER],
    [7, Role.USER],
  ]);
  await connector.close();
  assert.deepEqual(codes(inbox), [undefined]);
  const plain = loopConnector();
  const plainInbox = startInbox(plain);
  plain.send!(Message.request({ topic: "a", userid: USERID_UNKNOWN }));
  await turn();
  assert.deepEqual([plainInbox.messages[0]!.userid, plainInbox.messages[0]!.rolemask], [0, Role.OWNER]);
});

test("receive only: it is fed, and has no way to send", async () => {
  const { connector, feed } = receiveOnlyConnector();
  const inbox = startInbox(connector);
  connector.ref();
  connector.unref();
  assert.equal(connector.send, undefined);
  assert.equal(connector.queuedBytes, 0);
  feed(request(1));
  feed(request(2));
  await turn();
  assert.deepEqual(tags(inbox), [1, 2]);
  await connector.close();
  assert.deepEqual(codes(inbox), [undefined]);
});

test("a receiver that throws ends this connection, on both sides, and nothing else", async () => {
  const [near, far] = connectorPair();
  const nearInbox = startInbox(near);
  const ends: (FluxError | undefined)[] = [];
  far.start({
    message() {
      throw new TypeError("no");
    },
    closed: (reason) => ends.push(reason),
  });
  near.send(request(1));
  await turn();
  assert.deepEqual([ends.map((reason) => reason?.code), codes(nearInbox)], [["EIO"], ["ECONNRESET"]]);
});
