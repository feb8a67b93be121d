import assert from "node:assert/strict";
import { test } from "node:test";
import { startInstance } from "../../helpers/instance.ts";
import { rejects } from "../../helpers/rejects.ts";
import { until } from "../../helpers/until.ts";

test("a call reaches a service of another client and its response comes back", async () => {
  await using instance = await startInstance();
  const [server, client] = [await instance.connect(), await instance.connect()];
  await using _service = await server.serve("calc", { add: ({ a, b }) => ({ sum: a + b }) });
  assert.deepEqual(await client.rpc("calc.add", { a: 1, b: 2 }), { sum: 3 });
  assert.equal(client.pending, 0);
});

test("payloads: objects, text, bytes and none, there and back", async () => {
  await using instance = await startInstance();
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
  assert.equal((await rejects(flux.rpc("echo.raw", "no json"), "EPROTO")).topic, "echo.raw");
  const text = await flux.call("echo.raw", "no json");
  for (const read of [() => text.json(), () => text.unpack("{s:i}", "a")])
    assert.throws(read, { code: "EPROTO", topic: "echo.raw" });
  const big = new Uint8Array(3_000_000).fill(9);
  assert.equal(Buffer.compare((await flux.rpcRaw("echo.raw", big))!, big), 0);
});

test("errors carry number, text, topic and nodeid, and the stack of the caller", async () => {
  await using instance = await startInstance();
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
  await using instance = await startInstance();
  const flux = await instance.connect();
  await rejects(flux.rpc("a.b", { n: Number.NaN }), "EINVAL");
  await rejects(flux.rpc("a.b\0c"), "EINVAL");
  assert.equal(flux.pending, 0);
  assert.equal((await flux.ping()).rank, 0);
});

test("noResponse resolves at once and takes no tag", async () => {
  await using instance = await startInstance();
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

test("a signal gives a call up with ECANCELED, AbortSignal.timeout with ETIMEDOUT", async () => {
  await using instance = await startInstance();
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

test("thousands of calls at once keep apart", async () => {
  await using instance = await startInstance();
  const [server, client] = [await instance.connect(), await instance.connect()];
  await using _service = await server.serve("twice", { of: ({ n }) => ({ twice: 2 * n }) });
  const calls = Array.from({ length: 3000 }, (_, n) => client.rpc<{ twice: number }>("twice.of", { n }));
  assert.equal(client.pending, 3000);
  const answers = await Promise.all(calls);
  assert(answers.every(({ twice }, n) => twice === 2 * n));
  assert.equal(client.pending, 0);
});
