import assert from "node:assert/strict";
import { test } from "node:test";
import { ForwardedRequests } from "../../../src/broker/forwarded-requests.ts";
import { encodePushed, Message, MessageFlag } from "../../../src/message/index.ts";

const PUSHED = encodePushed(["broker", "connector", "caller"]);

/** An account that says how much is charged. */
class Ledger {
  bytes = 0;
  most = Number.POSITIVE_INFINITY;

  charge(bytes: number): boolean {
    if (this.bytes + bytes > this.most) return false;
    this.bytes += bytes;
    return true;
  }

  release(bytes: number): void {
    this.bytes -= bytes;
  }
}

const request = (matchtag: number, flags = 0, routes: readonly string[] | null = [], topic = "7-s.m") =>
  Message.request({ topic, matchtag, flags, routes });

/** The response as a service that decodes and encodes for itself sends it. */
function responseTo(request: Message, errnum = 0): Message {
  const routes = ["broker", "connector", "caller", ...(request.routes ?? [])];
  return Message.response({ topic: "any", matchtag: request.matchtag, flags: request.flags, routes, errnum });
}

test("a response counts once, for the route stack and the matchtag of a request that was forwarded", () => {
  const ledger = new Ledger();
  const forwarded = new ForwardedRequests(ledger);
  for (const routes of [[], ["a"], ["a", "b"], null]) {
    const open = request(5, 0, routes);
    assert.equal(forwarded.answers(responseTo(open)), false, "not before the request");
    assert.equal(forwarded.add(open, PUSHED), true);
    assert.equal(forwarded.answers(responseTo(request(6, 0, routes))), false, "another matchtag");
    assert.equal(forwarded.answers(responseTo(request(5, 0, ["c"]))), false, "another sender");
    const bare = Message.response({ topic: "any", matchtag: 5, routes: null });
    assert.equal(forwarded.answers(bare), false, "no route stack");
    assert.equal(forwarded.answers(responseTo(open)), true);
    assert.equal(forwarded.answers(responseTo(open)), false, "not twice");
  }
  assert.equal(ledger.bytes, 0);
});

test("a stream is open until its error", () => {
  const forwarded = new ForwardedRequests(new Ledger());
  const stream = request(5, MessageFlag.STREAMING);
  forwarded.add(stream, PUSHED);
  for (let i = 0; i < 3; i++) assert.equal(forwarded.answers(responseTo(stream)), true);
  assert.equal(forwarded.answers(responseTo(stream, 61)), true);
  assert.equal(forwarded.answers(responseTo(stream)), false);
});

test("requests with the same matchtag are answered as often as they came", () => {
  const ledger = new Ledger();
  const forwarded = new ForwardedRequests(ledger);
  for (let i = 0; i < 3; i++) forwarded.add(request(5), PUSHED);
  for (let i = 0; i < 3; i++) assert.equal(forwarded.answers(responseTo(request(5))), true);
  assert.equal(forwarded.answers(responseTo(request(5))), false);
  assert.equal(ledger.bytes, 0);
});

test("a request that wants no response opens nothing, and a disconnect closes all of its sender", () => {
  const ledger = new Ledger();
  const forwarded = new ForwardedRequests(ledger);
  forwarded.add(request(5, MessageFlag.NORESPONSE), PUSHED);
  assert.equal(ledger.bytes, 0);
  for (const [tag, routes] of [
    [1, []],
    [2, []],
    [2, []],
    [1, ["other"]],
  ] as const)
    forwarded.add(request(tag, 0, routes), PUSHED);
  const before = ledger.bytes;
  forwarded.add(request(0, MessageFlag.NORESPONSE, [], "7-s.disconnect"), PUSHED);
  assert(ledger.bytes < before);
  assert.equal(forwarded.answers(responseTo(request(2))), false);
  assert.equal(forwarded.answers(responseTo(request(1, 0, ["other"]))), true);
  assert.equal(ledger.bytes, 0);
});

test("a request that its service can't pay for is refused, and leaves nothing behind", () => {
  const ledger = new Ledger();
  const forwarded = new ForwardedRequests(ledger);
  forwarded.add(request(1), PUSHED);
  ledger.most = ledger.bytes;
  assert.equal(forwarded.add(request(2), PUSHED), false);
  assert.equal(forwarded.answers(responseTo(request(2))), false);
  assert.equal(forwarded.answers(responseTo(request(1))), true);
  assert.equal(ledger.bytes, 0);
});
