import assert from "node:assert/strict";
import { test } from "node:test";
import { FluxError } from "../../../src/base/index.ts";
import type { Flux, Request } from "../../../src/client/index.ts";
import { startInstance } from "../../helpers/instance.ts";
import { drain, rejects } from "../../helpers/rejects.ts";
import { until } from "../../helpers/until.ts";

/** A service under the name `src` on `server`; `open` holds the streams that `src.hold` leaves open. */
async function source(server: Flux) {
  const open: Request[] = [];
  const service = await server.serve("src", {
    async *count({ to }) {
      for (let i = 0; i < to; i++) yield { i };
    },
    *sync({ to }) {
      for (let i = 0; i < to; i++) yield { i };
    },
    async *broken({ to }) {
      for (let i = 0; i < to; i++) yield { i };
      throw new FluxError("EBUSY", "out of order");
    },
    hold: {
      streaming: true,
      request(request) {
        open.push(request);
        request.respond({ open: true });
      },
    },
  });
  return { service, open };
}

test("a stream gives the responses in order and ends with ENODATA", async () => {
  await using instance = await startInstance();
  const [server, client] = [await instance.connect(), await instance.connect()];
  await source(server);
  for (const method of ["src.count", "src.sync"]) {
    const { items, error } = await drain(client.stream<{ i: number }>(method, { to: 5000 }));
    assert.equal(error, undefined);
    assert.deepEqual(
      items,
      Array.from({ length: 5000 }, (_, i) => ({ i })),
    );
  }
  assert.deepEqual(await drain(client.stream("src.count", { to: 0 })), { items: [], error: undefined });
  assert.equal(client.pending, 0);
  await until(() => server.serving === 0, "the last request");
});

test("callStream gives the responses themselves", async () => {
  await using instance = await startInstance();
  const flux = await instance.connect();
  await source(flux);
  const { items } = await drain(flux.callStream("src.count", { to: 2 }));
  assert.deepEqual(
    items.map((response) => [response.topic, response.unpack("{s:i}", "i")]),
    [
      ["src.count", [0]],
      ["src.count", [1]],
    ],
  );
});

test("an error is thrown behind the responses before it", async () => {
  await using instance = await startInstance();
  const flux = await instance.connect();
  await source(flux);
  const stream = flux.stream("src.broken", { to: 3 });
  await until(() => flux.pending === 0, "the end of the stream, before it is read");
  assert.equal(stream.queued, 3);
  const { items, error } = await drain(stream);
  assert.deepEqual(items, [{ i: 0 }, { i: 1 }, { i: 2 }]);
  assert.deepEqual([error?.code, error?.text, error?.topic], ["EBUSY", "out of order", "src.broken"]);
  assert.deepEqual(await stream.next(), { done: true, value: undefined });
});

test("leaving the iteration cancels at the server, whose signal fires", async () => {
  await using instance = await startInstance();
  const [server, client] = [await instance.connect(), await instance.connect()];
  const { open } = await source(server);
  for await (const item of client.stream("src.hold")) {
    assert.deepEqual(item, { open: true });
    assert.equal(open[0]?.signal.aborted, false);
    break;
  }
  await until(() => open[0]?.signal.aborted === true, "the signal");
  assert.equal(FluxError.is(open[0]?.signal.reason, "ECANCELED"), true);
  await until(() => client.pending === 0, "the ENODATA that frees the tag");
  assert.equal(server.serving, 0);
});

test("disposing a stream cancels it too", async () => {
  await using instance = await startInstance();
  const flux = await instance.connect();
  const { open } = await source(flux);
  {
    await using stream = flux.stream("src.hold");
    await stream.next();
  }
  await until(() => open[0]?.signal.aborted === true, "the signal");
});

test("an aborted signal ends the stream with ECANCELED and cancels at the server", async () => {
  await using instance = await startInstance();
  const flux = await instance.connect();
  const { open } = await source(flux);
  const stop = new AbortController();
  const stream = flux.stream("src.hold", {}, { signal: stop.signal });
  await stream.next();
  const waiting = rejects(stream.next(), "ECANCELED");
  stop.abort();
  const error = await waiting;
  assert.equal(error.topic, "src.hold");
  await until(() => open[0]?.signal.aborted === true, "the signal");
  await until(() => flux.pending === 0, "the tag");
  const before = await drain(flux.stream("src.hold", {}, { signal: stop.signal }));
  assert.equal(before.error?.code, "ECANCELED");
  assert.equal(flux.pending, 0);
  assert.equal(open.length, 1, "a stream whose signal has fired is not sent");
  const late = await drain(flux.stream("src.hold", {}, { signal: AbortSignal.timeout(20) }));
  assert.equal(late.error?.code, "ETIMEDOUT");
});

test("a reader that falls behind gets what is queued, then ENOBUFS; the server is told", async () => {
  await using instance = await startInstance();
  const [server, client] = [await instance.connect(), await instance.connect()];
  const { open } = await source(server);
  const stream = client.stream("src.hold", {}, { maxQueue: 10 });
  await until(() => open.length === 1, "the request");
  for (let i = 0; i < 20; i++) open[0]?.respond({ i });
  await until(() => open[0]?.signal.aborted === true, "the signal");
  const { items, error } = await drain(stream);
  assert.equal(items.length, 10);
  assert.equal(error?.code, "ENOBUFS");
  await until(() => client.pending === 0, "the tag");
});

test("timeoutMs is the longest wait for each response", async () => {
  await using instance = await startInstance();
  const flux = await instance.connect();
  const { open } = await source(flux);
  const stream = flux.stream("src.hold", {}, { timeoutMs: 30 });
  const first = await stream.next();
  assert.deepEqual(first.value, { open: true });
  open[0]?.respond({ again: true });
  assert.deepEqual((await stream.next()).value, { again: true });
  await rejects(stream.next(), "ETIMEDOUT", "no response within 30 ms");
  await until(() => open[0]?.signal.aborted === true, "the signal");
  await until(() => flux.pending === 0, "the tag");
});

test("a streaming method called without the flag is EPROTO", async () => {
  await using instance = await startInstance();
  const flux = await instance.connect();
  await source(flux);
  for (const method of ["src.count", "src.sync", "src.hold"])
    await rejects(flux.rpc(method, { to: 1 }), "EPROTO");
});

test("a response that can't be decoded is thrown, and the stream cancelled", async () => {
  await using instance = await startInstance();
  const flux = await instance.connect();
  const { open } = await source(flux);
  const stream = flux.stream("src.hold");
  await stream.next();
  open[0]?.respond("no json");
  open[0]?.respond({ fine: true });
  await rejects(stream.next(), "EPROTO");
  await until(() => open[0]?.signal.aborted === true, "the signal");
  assert.deepEqual(await stream.next(), { done: true, value: undefined });
});

test("a stream to a service that is not there throws its ENOSYS", async () => {
  await using instance = await startInstance();
  const flux = await instance.connect();
  const { items, error } = await drain(flux.stream("nosuch.stream"));
  assert.deepEqual([items, error?.code, error?.topic], [[], "ENOSYS", "nosuch.stream"]);
  const { error: upstream } = await drain(flux.stream("broker.ping", {}, { upstream: true }));
  assert.equal(upstream?.code, "EHOSTUNREACH");
});

test("a stream on a closed handle throws ECONNRESET", async () => {
  await using instance = await startInstance();
  const flux = await instance.connect();
  await source(flux);
  const running = flux.stream("src.hold");
  await running.next();
  const waiting = rejects(running.next(), "ECONNRESET", "handle was closed");
  await flux.close();
  await waiting;
  const { error } = await drain(flux.stream("src.hold"));
  assert.equal(error?.code, "ECONNRESET");
  const { error: upstream } = await drain(flux.stream("src.hold", {}, { upstream: true }));
  assert.equal(upstream?.code, "ECONNRESET");
});
