import assert from "node:assert/strict";
import { test } from "node:test";
import type { Flux, Request, RequestHandler } from "../../../src/client/index.ts";
import { NODEID_ANY } from "../../../src/message/index.ts";
import { startInstance } from "../../helpers/instance.ts";
import { drain, rejects } from "../../helpers/rejects.ts";
import { until } from "../../helpers/until.ts";

/** An instance with a service `raw` whose method `it` is `handler`. */
async function serving(handler: RequestHandler) {
  const instance = await startInstance();
  const [server, client] = [await instance.connect(), await instance.connect()];
  await server.serve("raw", { it: { request: handler } });
  return { server, client, [Symbol.asyncDispose]: () => instance.stop() };
}

/** What `act` throws, by its code. */
function codeOf(act: () => void): unknown {
  try {
    act();
  } catch (error) {
    return (error as { code?: string }).code;
  }
  return undefined;
}

test("the answers of a request: JSON, packed, text, bytes, none", async () => {
  const answers: ((request: Request) => void)[] = [
    (request) => request.respond({ a: 1 }),
    (request) => request.respondPack("{s:s s:f}", "s", "x", "r", 2),
    (request) => request.respond("text"),
    (request) => request.respondRaw(Uint8Array.of(7)),
    (request) => request.respondRaw(new Uint8Array(0)),
    (request) => request.respondRaw(),
    (request) => request.respond(),
  ];
  await using s = await serving((request) => answers.shift()?.(request));
  const got = [];
  for (let i = 0; i < 7; i++) got.push(Buffer.from((await s.client.call("raw.it")).payload ?? []).toString());
  assert.deepEqual(got, ['{"a":1}\0', '{"s":"x","r":2.0}\0', "text\0", "\x07", "", "", ""]);
});

test("errors: number or name, with or without text; 0 is sent as EINVAL", async () => {
  const answers: ((request: Request) => void)[] = [
    (request) => request.respondError("ENOENT"),
    (request) => request.respondError(11, "again"),
    (request) => request.respondError(0, "nothing"),
    (request) => request.respondFailure(new RangeError("out of range")),
  ];
  await using s = await serving((request) => answers.shift()?.(request));
  await rejects(s.client.rpc("raw.it"), "ENOENT", null);
  await rejects(s.client.rpc("raw.it"), "EAGAIN", "again");
  await rejects(s.client.rpc("raw.it"), "EINVAL", "nothing");
  await rejects(s.client.rpc("raw.it"), "EIO", "out of range");
});

test("a request has one last answer: another is EINVAL", async () => {
  const codes: unknown[] = [];
  await using s = await serving((request) => {
    request.respond({ first: true });
    assert.deepEqual([request.answered, request.responded], [true, true]);
    codes.push(codeOf(() => request.respond({})));
    codes.push(codeOf(() => request.respondError("EIO")));
    codes.push(codeOf(() => request.respondRaw()));
  });
  assert.deepEqual(await s.client.rpc("raw.it"), { first: true });
  assert.deepEqual(codes, ["EINVAL", "EINVAL", "EINVAL"]);
});

test("a stream takes any number of answers and one error", async () => {
  const codes: unknown[] = [];
  await using s = await serving((request) => {
    request.respond({ n: 1 });
    request.respond({ n: 2 });
    assert.equal(request.answered, false);
    request.respondError("ENODATA");
    assert.equal(request.answered, true);
    codes.push(codeOf(() => request.respond({})));
    codes.push(codeOf(() => request.respondError("ENODATA")));
  });
  assert.deepEqual(await drain(s.client.stream("raw.it")), { items: [{ n: 1 }, { n: 2 }], error: undefined });
  assert.deepEqual(codes, ["EINVAL", "EINVAL"]);
});

test("a bad answer is EINVAL, sends nothing and leaves the request open", async () => {
  const codes: unknown[] = [];
  await using s = await serving((request) => {
    codes.push(codeOf(() => request.respond({ n: Number.NaN })));
    codes.push(codeOf(() => request.respondPack("{s:i}" as "{}", ...(["n", "x"] as unknown as []))));
    codes.push(codeOf(() => request.respondPack("[i]" as "{}", ...([1] as unknown as []))));
    assert.equal(request.answered, false);
    request.respond({ fine: true });
  });
  assert.deepEqual(await s.client.rpc("raw.it"), { fine: true });
  assert.deepEqual(codes, ["EINVAL", "EINVAL", "EINVAL"]);
});

test("a request that wants no response is not answered, and the answer not looked at", async () => {
  let seen = 0;
  await using s = await serving((request) => {
    assert.equal(request.noResponse, true);
    request.respond({ n: Number.NaN });
    request.respondPack("nonsense" as "{}");
    request.respondError(0);
    request.respondError("EIO");
    request.respond();
    seen++;
  });
  await s.client.call("raw.it", {}, { noResponse: true });
  await until(() => seen === 1, "the handler's end");
  await s.client.ping();
  assert.equal(s.client.pending, 0);
});

test("an answer may come long after the handler returned", async () => {
  const held: Request[] = [];
  await using s = await serving((request) => {
    held.push(request);
  });
  const call = s.client.rpc("raw.it");
  const stream = s.client.stream("raw.it");
  await until(() => held.length === 2, "the requests");
  assert.equal(s.server.serving, 2);
  for (const request of held) request.respond({ late: true });
  assert.deepEqual(await call, { late: true });
  assert.equal(s.server.serving, 1);
  held[1]?.respondError("ENODATA");
  assert.deepEqual((await drain(stream)).items, [{ late: true }]);
  assert.equal(s.server.serving, 0);
});

test("an async handler may leave the answer to others too", async () => {
  const held: Request[] = [];
  await using s = await serving(async (request) => {
    await Promise.resolve();
    held.push(request);
  });
  const stream = s.client.stream("raw.it");
  const call = s.client.rpc("raw.it");
  await until(() => held.length === 2, "the requests");
  assert.equal(s.server.serving, 2);
  await s.client.call("raw.it", {}, { noResponse: true });
  await until(() => held.length === 3, "the request without response");
  await until(() => s.server.serving === 2, "its end");
  held[0]?.respondError("ENODATA");
  held[1]?.respond();
  await drain(stream);
  await call;
  assert.equal(s.server.serving, 0);
});

test("handlers: exact before glob, the newest first, and what takes them away", async () => {
  await using instance = await startInstance();
  const flux = await instance.connect();
  await flux.call("service.add", { service: "h" });
  const name = async () => (await flux.call("h.a")).text;
  const say =
    (text: string): RequestHandler =>
    (request) =>
      request.respond(text);
  const undo = [flux.handle("h.*", say("glob")), flux.handle("h.a", say("first"))];
  assert.equal(await name(), "first");
  undo.push(flux.handle("h.a", say("second")));
  assert.equal(await name(), "second");
  undo.pop()?.();
  assert.equal(await name(), "first");
  undo.pop()?.();
  assert.equal(await name(), "glob");
  undo.push(flux.handle("h.?", say("newer glob")));
  assert.equal(await name(), "newer glob");
  undo.push(flux.handle("", say("all")));
  assert.equal(await name(), "all");
  for (const take of undo) take();
  await rejects(name(), "ENOSYS");
});

test("the fields of a request", async () => {
  let seen: Request | undefined;
  await using s = await serving((request) => {
    seen = request;
    request.respond();
  });
  await s.client.call("raw.it", { a: 1 }, { nodeid: 0 });
  assert(seen);
  assert.deepEqual(
    [seen.nodeid, seen.streaming, seen.noResponse, seen.matchtag > 0],
    [0, false, false, true],
  );
  assert.deepEqual(seen.body(), { a: 1 });
  await s.client.call("raw.it");
  assert.equal(seen.nodeid, NODEID_ANY);
  assert.deepEqual(seen.body(), {});
  assert.equal(seen.signal.aborted, false);
  assert.equal(seen.writable(), undefined);
});

test("a service that streams fast waits for room and loses nothing", async () => {
  await using instance = await startInstance();
  const [server, client] = [await instance.connect(), await instance.connect()];
  const pad = "x".repeat(1000);
  let most = 0;
  await serveFlood(server);
  let count = 0;
  for await (const { i } of client.stream<{ i: number }>("flood.go", { to: 5000 })) {
    assert.equal(i, count);
    count++;
  }
  assert.equal(count, 5000);
  assert(most < 1024 * 1024, `${most} bytes queued of 5 MB`);

  async function serveFlood(flux: Flux): Promise<void> {
    await flux.serve("flood", {
      *go({ to }) {
        for (let i = 0; i < to; i++) {
          most = Math.max(most, flux.queuedBytes);
          yield { i, pad };
        }
      },
    });
  }
});
