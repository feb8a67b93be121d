import assert from "node:assert/strict";
import { test } from "node:test";
import { ModuleRequests } from "../../../src/broker/module-requests.ts";
import { encodePushed, Message, MessageFlag } from "../../../src/message/index.ts";

const PUSHED = encodePushed(["broker", "connector", "caller"]);

/** What each user was charged. */
class Ledger {
  readonly bytes = new Map<number, number>();
  most = Number.POSITIVE_INFINITY;

  charge({ userid }: { userid: number }, bytes: number): boolean {
    if (this.of(userid) + bytes > this.most) return false;
    this.bytes.set(userid, this.of(userid) + bytes);
    return true;
  }

  release({ userid }: { userid: number }, bytes: number): void {
    this.bytes.set(userid, this.of(userid) - bytes);
  }

  of(userid: number): number {
    return this.bytes.get(userid) ?? 0;
  }
}

const request = (userid: number, matchtag: number, fields: { flags?: number; topic?: string } = {}) =>
  Message.request({ topic: "m.x", matchtag, userid, payload: new Uint8Array(10_000), ...fields });

function responseTo({ matchtag, flags }: Message, errnum = 0): Message {
  return Message.response({
    topic: "m.x",
    matchtag,
    flags,
    routes: ["broker", "connector", "caller"],
    errnum,
  });
}

test("a request is charged to its sender until its last answer, without its payload", () => {
  const ledger = new Ledger();
  const requests = new ModuleRequests(ledger);
  const [one, stream] = [request(7, 1), request(8, 2, { flags: MessageFlag.STREAMING })];
  for (const open of [one, stream]) assert.equal(requests.add(open, PUSHED), true);
  for (const userid of [7, 8]) assert(ledger.of(userid) > 0 && ledger.of(userid) < 2000);
  requests.answered(responseTo(one));
  requests.answered(responseTo(stream));
  assert.deepEqual([ledger.of(7), ledger.of(8) > 0], [0, true]);
  requests.answered(responseTo(stream, 61));
  assert.deepEqual([ledger.of(8), requests.size], [0, 0]);
});

test("the same matchtag again, a disconnect, and the end of the module give back what was charged", () => {
  const ledger = new Ledger();
  const requests = new ModuleRequests(ledger);
  for (const tag of [1, 1, 2]) requests.add(request(7, tag), PUSHED);
  assert.equal(requests.size, 2);
  requests.add(request(7, 0, { topic: "m.disconnect", flags: MessageFlag.NORESPONSE }), PUSHED);
  assert.deepEqual([ledger.of(7), requests.size], [0, 0]);
  requests.add(request(7, 3), PUSHED);
  assert.deepEqual(
    requests.take().map(({ matchtag }) => matchtag),
    [3],
  );
  assert.equal(ledger.of(7), 0);
});

test("a sender that holds too much is refused, and nothing of its request is remembered", () => {
  const ledger = new Ledger();
  const requests = new ModuleRequests(ledger);
  requests.add(request(7, 1), PUSHED);
  ledger.most = ledger.of(7);
  assert.equal(requests.add(request(7, 2), PUSHED), false);
  assert.equal(requests.size, 1);
});
