import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeFrame, encodePushed, Message, MessageFlag, Role } from "../../../src/message/index.ts";
import { PendingTotals } from "../../../src/overlay/pending-account.ts";
import { RpcTracker } from "../../../src/overlay/rpc-tracker.ts";

const { NORESPONSE, STREAMING } = MessageFlag;

function request(matchtag: number, sender = "a", flags = 0, topic = "x.y"): Message {
  return Message.request({ topic, matchtag, flags, routes: ["hop", sender] });
}

function response(matchtag: number, sender = "a", flags = 0, errnum = 0): Message {
  return Message.response({ topic: "x.y", matchtag, flags, errnum, routes: [sender] });
}

test("requests wait by sender and matchtag until they are answered", () => {
  const tracker = new RpcTracker(new PendingTotals());
  for (const sender of ["a", "b"]) for (const tag of [1, 2]) tracker.request(request(tag, sender));
  assert.equal(tracker.size, 4);
  tracker.request(request(2, "b"));
  assert.equal(tracker.size, 4, "the same again counts once");
  tracker.response(response(1, "a"));
  tracker.response(response(1, "a"));
  tracker.response(response(9, "a"));
  tracker.response(response(1, "c"));
  assert.equal(tracker.size, 3);
  const left = tracker.purge().map(({ firstRoute, matchtag }) => `${firstRoute}${matchtag}`);
  assert.deepEqual(left.sort(), ["a2", "b1", "b2"]);
  assert.deepEqual([tracker.size, tracker.purge()], [0, []]);
});

test("a stream waits until its error", () => {
  const tracker = new RpcTracker(new PendingTotals());
  tracker.request(request(1, "a", STREAMING));
  tracker.response(response(1, "a", STREAMING));
  tracker.response(response(1, "a", STREAMING));
  assert.equal(tracker.size, 1);
  tracker.response(response(1, "a", STREAMING, 61));
  assert.equal(tracker.size, 0);
});

test("requests without an answer don't wait, and a disconnect forgets those of its sender", () => {
  const tracker = new RpcTracker(new PendingTotals());
  tracker.request(request(1, "a", NORESPONSE));
  tracker.request(request(0, "a"));
  assert.equal(tracker.size, 0);
  for (const sender of ["a", "b"]) for (const tag of [1, 2, 3]) tracker.request(request(tag, sender));
  tracker.request(request(0, "a", NORESPONSE, "x.disconnected"));
  tracker.request(request(0, "c", NORESPONSE, "x.disconnect"));
  assert.equal(tracker.size, 6);
  tracker.request(request(0, "a", NORESPONSE, "x.disconnect"));
  assert.equal(tracker.size, 3);
  assert.deepEqual(new Set(tracker.purge().map(({ firstRoute }) => firstRoute)), new Set(["b"]));
});

test("a broker's own requests, without routes, are those of one sender", () => {
  const tracker = new RpcTracker(new PendingTotals());
  tracker.request(Message.request({ topic: "x", matchtag: 5 }));
  tracker.response(Message.response({ topic: "x", matchtag: 5, routes: ["other"] }));
  assert.equal(tracker.size, 1);
  tracker.response(Message.response({ topic: "x", matchtag: 5 }));
  assert.equal(tracker.size, 0);
});

test("what is kept of a request is all but its payload, and none of the memory it came in", () => {
  const tracker = new RpcTracker(new PendingTotals());
  const sent = Message.request({
    topic: "é.y",
    nodeid: 7,
    matchtag: 5,
    flags: STREAMING,
    userid: 12,
    rolemask: 2,
    routes: ["hop", "ünd", "a"],
    payload: new Uint8Array(1_000_000).fill(1),
  });
  const frame = decodeFrame(sent.encode());
  tracker.request(frame);
  frame.head.fill(0);
  const [kept] = tracker.purge();
  assert.equal(kept!.payload, undefined);
  sent.edit({ payload: null });
  assert.deepEqual(kept!.encode(), sent.encode());
  assert.deepEqual(kept!.deriveResponse(113).routes, ["hop", "ünd", "a"]);
});

test("a request that finds no room is refused, and room comes back with each way it can end", () => {
  const account = new PendingTotals({ guestRequests: 2, requests: 3 });
  const [up, down] = [new RpcTracker(account), new RpcTracker(account)];
  assert.equal(up.request(request(1)), undefined);
  assert.equal(down.request(request(1)), undefined);
  assert.equal(up.request(request(2))?.code, "EAGAIN");
  assert.equal(up.request(request(2, "a", NORESPONSE)), undefined, "what wants no answer passes");
  assert.equal(up.request(request(1)), undefined, "the same again takes its own place");
  const owners = Message.request({ topic: "x.y", matchtag: 9, rolemask: Role.OWNER });
  assert.equal(up.request(owners), undefined, "the owner has room that guests have not");
  assert.equal(down.request(owners)?.code, "EAGAIN");
  up.response(response(1));
  assert.equal(up.request(request(2)), undefined);
  up.request(request(0, "a", NORESPONSE, "x.disconnect"));
  assert.equal(up.request(request(3)), undefined);
  up.purge();
  down.purge();
  assert.deepEqual([account.requests, account.bytes, up.size, down.size], [0, 0, 0, 0]);
});

test("bytes are bounded too, and routes and topic of one request", () => {
  const account = new PendingTotals({ guestBytes: 90_000 });
  const tracker = new RpcTracker(account);
  const long = (bytes: number, matchtag: number) => request(matchtag, "a", 0, "t".repeat(bytes));
  assert.equal(tracker.request(long(16_385, 1))?.code, "EMSGSIZE");
  let tag = 1;
  while (tracker.request(long(10_000, tag)) === undefined) tag++;
  assert.equal(tracker.size, 4);
  assert(account.bytes > 80_000 && account.bytes <= 90_000, `${account.bytes} bytes`);
  // The tag of the last one is taken already: it goes, and is not counted any more.
  assert.equal(tracker.request(long(16_000, 1))?.code, "EAGAIN");
  assert.equal(tracker.size, 3);
});

test("one guest may hold 20,000 requests", () => {
  const account = new PendingTotals();
  const tracker = new RpcTracker(account);
  const routes = ["hop", "hop", "hop", "guest"].map((id) => id.padEnd(36, "-"));
  for (let matchtag = 1; matchtag <= 20_000; matchtag++)
    assert.equal(tracker.request(Message.request({ topic: "service.method", matchtag, routes })), undefined);
  assert.equal(tracker.size, 20_000);
});

test("another account is charged with the same, and may refuse", () => {
  const charged = new Map<number, number>();
  const change = (userid: number, bytes: number) => charged.set(userid, (charged.get(userid) ?? 0) + bytes);
  const account = new PendingTotals(
    {},
    {
      charge: (userid, _rolemask, bytes) => userid !== 13 && change(userid, bytes) !== undefined,
      refund: (userid, _rolemask, bytes) => void change(userid, -bytes),
    },
  );
  const tracker = new RpcTracker(account);
  const of = (userid: number) =>
    Message.request({ topic: "x.y", matchtag: 1, userid, routes: [`${userid}`] });
  assert.equal(tracker.request(of(12)), undefined);
  assert.equal(tracker.request(of(13))?.code, "EAGAIN");
  assert.deepEqual([...charged], [[12, account.bytes]]);
  tracker.purge();
  assert.deepEqual([...charged, account.bytes], [[12, 0], 0]);
});

test("what came over a neighbour that is gone is forgotten, by the top of the stack", () => {
  const account = new PendingTotals();
  const tracker = new RpcTracker(account);
  const over = (hop: string, sender: string, matchtag: number) =>
    tracker.request(Message.request({ topic: "x.y", matchtag, routes: [hop, sender] }));
  over("one", "a", 1);
  over("one", "a", 2);
  over("two", "b", 1);
  over("onetwo", "one", 1);
  tracker.forgetFrom(encodePushed(["one"]));
  assert.equal(tracker.size, 2);
  assert.deepEqual(
    tracker
      .purge()
      .map(({ routes }) => routes![0])
      .sort(),
    ["onetwo", "two"],
  );
  assert.equal(account.bytes, 0);
});

test("services of requests without a tag, or with one that came again, are remembered where they are notified", () => {
  const account = new PendingTotals();
  const tracker = new RpcTracker(account, true);
  tracker.request(request(0, "a", STREAMING, "one.x"));
  tracker.request(request(0, "a", STREAMING, "one.y"));
  tracker.request(request(1, "a", STREAMING, "two.x"));
  tracker.request(request(1, "a", 0, "two.y"));
  tracker.request(request(1, "a", 0, "three.x"));
  tracker.response(response(1, "a"));
  const kept = tracker.purge().map(({ topic }) => topic);
  assert.deepEqual(kept.sort(), ["one.y", "two.x"]);
  assert.deepEqual([account.bytes, tracker.size], [0, 0]);
  tracker.request(request(0, "a", STREAMING, "one.x"));
  tracker.request(request(0, "a", NORESPONSE, "one.disconnect"));
  assert.deepEqual([account.bytes, tracker.size], [0, 0]);
});
