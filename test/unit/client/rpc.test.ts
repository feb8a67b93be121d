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
import { TestInstance } from "../../../src/testing/index.ts";
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

test("a call reaches a service of another client and its response comes back", async () => {
  await using instance = await TestInstance.start();
  const [server, client] = [await instance.connect(), await instance.connect()];
  await using _service = await server.serve("calc", { add: ({ a, b }) => ({ sum: a + b }) });
  assert.deepEqual(await client.rpc("calc.add", { a: 1, b: 2 }), { sum: 3 });
  assert.equal(client.pending, 0);
});

test("payloads: objects, text, bytes and none, there and back", async () => {
  await using instance = await TestInstance.start();
  const flux = await instance.connect();
  await using _service = await flux.serve("echo", {
    raw: { request: (request) => request.respondRaw(request.payload) },
  });
  assert.deepEqual(await flux.rpc("echo.raw", { a: [1, null, "ü"] }), { a: [1, null, "ü"] });
  assert.equal((await flux.call("echo.raw", "plain text")).text, "plain text");
  assert.deepEqual([...((await flux.call("echo.raw", "ab")).payload ?? [])], [97, 98, 0], "text has its NUL");
  assert.deepEqual([...((await flux.rpcRaw("echo.raw", Uint8Array.of(0, 255, 7))) ?? [])], [0, 255, 7]);
  assert.equal(await flux.rpcRaw("echo.raw", new Uint8Array(0)), undefined);
  assert.equal(await flux.rpcRaw("echo.raw"), undefined);
  assert.equal(await flux.rpc("echo.raw"), undefined);
  const response = await flux.rpcPack("echo.raw", "{s:i s:s}", "n", 5, "s", "x");
  assert.deepEqual(response.unpack("{s:i s:s}", "n", "s"), [5, "x"]);
  const limited = await flux.rpcPack("echo.raw", { timeoutMs: 5000 }, "{s:b}", "b", true);
  assert.deepEqual(limited.json(), { b: true });
  await rejects(flux.rpc("echo.raw", "no json"), "EPROTO");
  const big = new Uint8Array(3_000_000).fill(9);
  assert.equal(Buffer.compare((await flux.rpcRaw("echo.raw", big))!, big), 0);
});

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

test("errors carry number, text, topic and nodeid, and the stack of the caller", async () => {
  await using instance = await TestInstance.start();
  const flux = await instance.connect();
  const unknown = await rejects(flux.rpc("nosuch.method"), "ENOSYS");
  assert.equal(unknown.message, "No service matching nosuch.method is registered");
  assert.deepEqual([unknown.errno, unknown.topic, unknown.nodeid], [38, "nosuch.method", undefined]);
  const far = await rejects(flux.rpc("broker.ping", {}, { nodeid: 3 }), "EHOSTUNREACH", null);
  assert.deepEqual([far.nodeid, far.message], [3, "No route to host"]);
  await rejects(flux.rpc("broker.ping", {}, { upstream: true }), "EHOSTUNREACH", null);
  async function caller(): Promise<void> {
    await flux.rpc("nosuch.method");
  }
  const error = await rejects(caller(), "ENOSYS");
  assert.match(error.stack ?? "", /caller.*rpc\.test\.ts/s);
  const inTime = await rejects(flux.rpc("nosuch.method", {}, { timeoutMs: 5000 }), "ENOSYS");
  assert.equal(inTime.topic, "nosuch.method");
});

test("a payload that JSON can't hold is EINVAL, and sends nothing", async () => {
  await using instance = await TestInstance.start();
  const flux = await instance.connect();
  await rejects(flux.rpc("a.b", { n: Number.NaN }), "EINVAL");
  await rejects(flux.rpc("a.b\0c"), "EINVAL");
  assert.equal(flux.pending, 0);
  assert.equal((await flux.ping()).rank, 0);
});

test("noResponse resolves at once and takes no tag", async () => {
  await using instance = await TestInstance.start();
  const [server, client] = [await instance.connect(), await instance.connect()];
  const seen: unknown[] = [];
  await using _service = await server.serve("sink", {
    take: (body, request) => {
      seen.push([body, request.noResponse, request.matchtag]);
      return { never: "sent" };
    },
  });
  assert.equal(await client.rpc("sink.take", { n: 1 }, { noResponse: true }), undefined);
  assert.equal(client.pending, 0);
  await until(() => seen.length === 1, "the request");
  assert.deepEqual(seen, [[{ n: 1 }, true, 0]]);
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

test("a signal gives a call up with ECANCELED, AbortSignal.timeout with ETIMEDOUT", async () => {
  await using instance = await TestInstance.start();
  const flux = await instance.connect();
  const held: unknown[] = [];
  flux.handle("hold.it", (request) => {
    held.push(request);
  });
  await flux.call("service.add", { service: "hold" });
  const stop = new AbortController();
  const call = flux.rpc("hold.it", {}, { signal: stop.signal });
  await until(() => held.length === 1, "the request");
  stop.abort();
  const error = await rejects(call, "ECANCELED");
  assert.equal(error.topic, "hold.it");
  await rejects(flux.rpc("hold.it", {}, { signal: stop.signal }), "ECANCELED");
  assert.equal(held.length, 1, "a call whose signal has fired is not sent");
  await rejects(flux.rpc("hold.it", {}, { signal: AbortSignal.timeout(5) }), "ETIMEDOUT");
  await rejects(
    flux.rpc("hold.it", {}, { signal: AbortSignal.abort(new Error("enough")) }),
    "ECANCELED",
    "enough",
  );
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

test("thousands of calls at once keep apart", async () => {
  await using instance = await TestInstance.start();
  const [server, client] = [await instance.connect(), await instance.connect()];
  await using _service = await server.serve("twice", { of: ({ n }) => ({ twice: 2 * n }) });
  const calls = Array.from({ length: 3000 }, (_, n) => client.rpc<{ twice: number }>("twice.of", { n }));
  assert.equal(client.pending, 3000);
  const answers = await Promise.all(calls);
  assert(answers.every(({ twice }, n) => twice === 2 * n));
  assert.equal(client.pending, 0);
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
