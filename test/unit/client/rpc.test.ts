import assert from "node:assert/strict";
import { test } from "node:test";
import { Flux } from "../../../src/client/index.ts";
import { connectorPair } from "../../../src/connector/index.ts";
import {
  Message,
  MessageFlag,
  MessageType,
  NODEID_ANY,
  NODEID_UPSTREAM,
} from "../../../src/message/index.ts";
import { rejects } from "../../helpers/rejects.ts";
import { until } from "../../helpers/until.ts";

/** A handle whose broker is the test: `sent` gathers what it sends, `answer` brings it what it gets. */
function handle() {
  const [near, far] = connectorPair();
  const sent: Message[] = [];
  far.start({ message: (message) => sent.push(message), closed() {} });
  const flux = new Flux(near, () => assert.fail("no reconnect"));
  const next = async (): Promise<Message> => {
    await until(() => sent.length > 0, "a message of the handle");
    return sent.shift()!;
  };
  return { flux, next, answer: (message: Message) => far.send(message) };
}

test("a request on the wire: address, tag and flags", async () => {
  const { flux, next } = handle();
  const calls = [
    flux.call("a.b"),
    flux.call("a.b", {}, { nodeid: 7 }),
    flux.call("a.b", "x", { noResponse: true }),
  ].map((call) => call.then(String, String));
  const [any, seven, quiet] = [await next(), await next(), await next()];
  assert.deepEqual(
    [any.nodeid, any.matchtag, any.flags],
    [NODEID_ANY, 1, MessageFlag.TOPIC | MessageFlag.ROUTE],
  );
  assert.equal(any.atRequester, true);
  assert.deepEqual([seven.nodeid, seven.matchtag, seven.text], [7, 2, "{}"]);
  assert.equal(quiet.matchtag, 0);
  assert(quiet.has(MessageFlag.NORESPONSE));
  assert.deepEqual([any.userid, any.rolemask], [0xffffffff, 0]);
  await flux.close();
  await Promise.all(calls);
});

test("upstream names the own rank and sets the flag; NODEID_UPSTREAM means the same", async () => {
  const { flux, next, answer } = handle();
  const call = flux.rpc("a.b", {}, { upstream: true });
  const rank = await next();
  assert.equal(rank.topic, "attr.get");
  answer(rank.deriveResponse(0, Buffer.from('{"value":"5","flags":1}\0')));
  const request = await next();
  assert.deepEqual([request.nodeid, request.has(MessageFlag.UPSTREAM)], [5, true]);
  answer(request.deriveResponse(0, undefined));
  assert.equal(await call, undefined);
  const again = flux.rpc("a.b", {}, { nodeid: NODEID_UPSTREAM });
  const second = await next();
  assert.deepEqual([second.topic, second.nodeid, second.has(MessageFlag.UPSTREAM)], ["a.b", 5, true]);
  answer(second.deriveResponse(0, undefined));
  await again;
  await flux.close();
});

test("timeoutMs fails the call with ETIMEDOUT, and its tag stays taken until the late response", async () => {
  const { flux, next, answer } = handle();
  const late = flux.rpc("slow.call", {}, { timeoutMs: 5 });
  const request = await next();
  const error = await rejects(late, "ETIMEDOUT", "no response within 5 ms");
  assert.equal(error.topic, "slow.call");
  assert.equal(flux.pending, 1);
  const other = flux.rpc("slow.call");
  const second = await next();
  assert.notEqual(second.matchtag, request.matchtag);
  answer(request.deriveResponse(0, Buffer.from('{"late":true}\0')));
  await until(() => flux.pending === 1, "the late response");
  const third = flux.rpc("slow.call");
  assert.equal((await next()).matchtag, request.matchtag, "the tag is free again");
  answer(second.deriveResponse(0, Buffer.from('{"late":false}\0')));
  assert.deepEqual(await other, { late: false });
  await flux.close();
  await rejects(third, "ECONNRESET", "handle was closed");
});

test("a response without topic is EPROTO, one to nobody is dropped", async () => {
  const { flux, next, answer } = handle();
  const call = flux.rpc("a.b");
  const { matchtag } = await next();
  answer(Message.response({ topic: "a.b", matchtag: matchtag + 5 }));
  answer(Message.response({ topic: "a.b", matchtag: 0 }));
  answer(Message.response({ topic: "a.b", matchtag, routes: ["someone"] }));
  answer(Message.response({ topic: "a.b", matchtag, routes: null }));
  answer(Message.control({ controlType: 1, status: 2 }));
  answer(Message.response({ matchtag }));
  await rejects(call, "EPROTO", "response has no topic");
  assert.equal(flux.status, "connected");
  await flux.close();
});

test("an error response whose payload is no text has no text of its own", async () => {
  const { flux, next, answer } = handle();
  const call = flux.rpc("a.b");
  const request = await next();
  answer(request.deriveResponse(999, Uint8Array.of(1, 2)));
  const error = await call.then(
    () => assert.fail("resolved"),
    (reason: unknown) => reason as Error,
  );
  assert.deepEqual([(error as { code?: string }).code, error.message], ["E999", "Unknown error 999"]);
  await flux.close();
});

test("a message is sent as it is, with the handle's credentials where it has none", async () => {
  const [near, far] = connectorPair();
  const sent: Message[] = [];
  far.start({ message: (message) => sent.push(message), closed() {} });
  const flux = new Flux(near, () => assert.fail("no reconnect"), { userid: 77, rolemask: 2 });
  flux.send(Message.event({ topic: "a" }));
  flux.send(Message.event({ topic: "b", userid: 5, rolemask: 6 }));
  flux.call("c.d").catch(() => {});
  await until(() => sent.length === 3, "three messages");
  assert.deepEqual(
    sent.map(({ type, userid, rolemask }) => [type, userid, rolemask]),
    [
      [MessageType.EVENT, 77, 2],
      [MessageType.EVENT, 5, 6],
      [MessageType.REQUEST, 77, 2],
    ],
  );
  await flux.close();
});
