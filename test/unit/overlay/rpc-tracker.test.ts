import assert from "node:assert/strict";
import { test } from "node:test";
import { Message, MessageFlag } from "../../../src/message/index.ts";
import { RpcTracker } from "../../../src/overlay/rpc-tracker.ts";

const { NORESPONSE, STREAMING } = MessageFlag;

function request(matchtag: number, sender = "a", flags = 0, topic = "x.y"): Message {
  return Message.request({ topic, matchtag, flags, routes: ["hop", sender] });
}

function response(matchtag: number, sender = "a", flags = 0, errnum = 0): Message {
  return Message.response({ topic: "x.y", matchtag, flags, errnum, routes: [sender] });
}

test("requests wait by sender and matchtag until they are answered", () => {
  const tracker = new RpcTracker();
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
  const tracker = new RpcTracker();
  tracker.request(request(1, "a", STREAMING));
  tracker.response(response(1, "a", STREAMING));
  tracker.response(response(1, "a", STREAMING));
  assert.equal(tracker.size, 1);
  tracker.response(response(1, "a", STREAMING, 61));
  assert.equal(tracker.size, 0);
});

test("requests without an answer don't wait, and a disconnect forgets those of its sender", () => {
  const tracker = new RpcTracker();
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
  const tracker = new RpcTracker();
  tracker.request(Message.request({ topic: "x", matchtag: 5 }));
  tracker.response(Message.response({ topic: "x", matchtag: 5, routes: ["other"] }));
  assert.equal(tracker.size, 1);
  tracker.response(Message.response({ topic: "x", matchtag: 5 }));
  assert.equal(tracker.size, 0);
});
