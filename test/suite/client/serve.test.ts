import assert from "node:assert/strict";
import { test } from "node:test";
import { FluxError } from "../../../src/base/index.ts";
import type { Flux } from "../../../src/client/index.ts";
import { Message, MessageFlag, Role } from "../../../src/message/index.ts";
import { AS_GUEST, GUEST, OWNER, startInstance } from "../../helpers/instance.ts";
import { drain, rejects } from "../../helpers/rejects.ts";
import { until } from "../../helpers/until.ts";

const items = async (flux: Flux, topic: string, payload?: object) => {
  const { items: got, error } = await drain(flux.stream(topic, payload));
  assert.equal(error, undefined);
  return got;
};

test("methods: sync, async, text, bytes, nothing, the request itself", async () => {
  await using instance = await startInstance();
  const [server, client] = [await instance.connect(), await instance.connect()];
  await using _service = await server.serve("m", {
    sync: ({ a }) => ({ a }),
    async later({ a }) {
      await server.rank();
      return { a };
    },
    text: () => "plain",
    bytes: () => Uint8Array.of(1, 2, 3),
    nothing() {},
    list: () => [1, 2],
    self: (_body, request) => ({ topic: request.topic, userid: request.userid, rolemask: request.rolemask }),
    raw: (_body, request) => request.respondPack("{s:i}", "uid", request.userid),
  });
  assert.deepEqual(await client.rpc("m.sync", { a: 1 }), { a: 1 });
  assert.deepEqual(await client.rpc("m.later", { a: [2] }), { a: [2] });
  assert.equal((await client.call("m.text")).text, "plain");
  assert.deepEqual([...((await client.rpcRaw("m.bytes")) ?? [])], [1, 2, 3]);
  assert.equal((await client.call("m.nothing")).payload, undefined);
  assert.deepEqual(await client.rpc("m.list"), [1, 2]);
  assert.deepEqual(await client.rpc("m.self"), {
    topic: "m.self",
    userid: OWNER,
    rolemask: Role.OWNER | Role.LOCAL,
  });
  assert.deepEqual(await client.rpc("m.raw"), { uid: OWNER });
});

test("a request whose payload is no JSON object is EPROTO for a method", async () => {
  await using instance = await startInstance();
  const flux = await instance.connect();
  await using _service = await flux.serve("m", { f: (body) => ({ keys: Object.keys(body).length }) });
  assert.deepEqual(await flux.rpc("m.f"), { keys: 0 });
  await rejects(flux.rpc("m.f", "[1]"), "EPROTO", "payload is not a JSON object");
  await rejects(flux.rpc("m.f", "{"), "EPROTO");
  await rejects(flux.rpcRaw("m.f", Uint8Array.of(123, 125)), "EPROTO");
});

test("what a method throws is the error response; what is no FluxError is logged", async () => {
  await using instance = await startInstance();
  const lines: string[] = [];
  const server = await instance.connect({ onLog: (_level, text) => lines.push(text) });
  const client = await instance.connect();
  await using _service = await server.serve("m", {
    flux: () => {
      throw new FluxError("EBUSY", "come back later");
    },
    bare: () => {
      throw new FluxError("ENOENT");
    },
    async fault() {
      throw new TypeError("a bug");
    },
    string: () => {
      throw "a string";
    },
    json: () => ({ n: Number.POSITIVE_INFINITY }),
  });
  await rejects(client.rpc("m.flux"), "EBUSY", "come back later");
  await rejects(client.rpc("m.bare"), "ENOENT", null);
  assert.deepEqual(lines, []);
  await rejects(client.rpc("m.fault"), "EIO", "internal error: the log of the service has more");
  await rejects(client.rpc("m.string"), "EIO", "a string");
  await rejects(client.rpc("m.json"), "EINVAL");
  assert.equal(lines.length, 2);
  assert.match(lines[0]!, /handler of m\.fault failed: TypeError: a bug\n/);
  assert.equal(lines[1], "handler of m.string failed: a string");
  assert.equal(server.serving, 0);
});

test("without onLog faults go to console.warn", async (t) => {
  const warn = t.mock.method(console, "warn", () => {});
  await using instance = await startInstance();
  const flux = await instance.connect();
  await using _service = await flux.serve("m", {
    fault: () => {
      throw new Error("a bug");
    },
  });
  await rejects(flux.rpc("m.fault"), "EIO");
  assert.match(
    String(warn.mock.calls[0]?.arguments[0]),
    /^fluxbus: handler of m\.fault failed: Error: a bug/,
  );
});

test("a method called as a stream gives its one response, then the end", async () => {
  await using instance = await startInstance();
  const [server, client] = [await instance.connect(), await instance.connect()];
  await using _service = await server.serve("m", {
    one: () => ({ n: 1 }),
    later: async () => ({ n: 2 }),
    several(_body, request) {
      request.respond({ n: 1 });
      request.respond({ n: 2 });
    },
    ended(_body, request) {
      request.respond({ n: 1 });
      request.respondError("ENODATA");
    },
  });
  assert.deepEqual(await items(client, "m.one"), [{ n: 1 }]);
  assert.deepEqual(await items(client, "m.later"), [{ n: 2 }]);
  assert.deepEqual(await items(client, "m.several"), [{ n: 1 }, { n: 2 }]);
  assert.deepEqual(await items(client, "m.ended"), [{ n: 1 }]);
  assert.equal(server.serving, 0);
});

test("streams from generators, iterables and subscriptions", async () => {
  await using instance = await startInstance();
  const [server, client] = [await instance.connect(), await instance.connect()];
  await using _service = await server.serve("m", {
    map: {
      streaming: true,
      answer: ({ to }) => Array.from({ length: to }, (_, i) => ({ i })).values(),
    },
    async later({ to }) {
      return Array.from({ length: to }, (_, i) => ({ i })).values();
    },
    events: {
      streaming: true,
      answer: async function* () {
        for await (const event of server.subscribe("tick")) yield { seq: event.seq };
      },
    },
  });
  assert.deepEqual(await items(client, "m.map", { to: 2 }), [{ i: 0 }, { i: 1 }]);
  assert.deepEqual(await items(client, "m.later", { to: 1 }), [{ i: 0 }]);
  await rejects(client.rpc("m.later", { to: 1 }), "EPROTO");
  await rejects(client.rpc("m.map", { to: 1 }), "EPROTO");
  const stream = client.stream("m.events");
  await until(() => server.serving === 1, "the request");
  await server.publish("tick");
  assert.deepEqual((await stream.next()).value, { seq: 1 });
  await stream.return();
  await until(() => server.serving === 0 && client.pending === 0, "the end of the stream");
});

test("an iterator that waits for its next item is left at once when the caller goes", async () => {
  await using instance = await startInstance();
  const [server, client] = [await instance.connect(), await instance.connect()];
  let left = 0;
  await using _service = await server.serve("m", {
    wait: {
      streaming: true,
      answer: (): AsyncIterable<object> => ({
        [Symbol.asyncIterator]: () => ({
          next: () => new Promise(() => {}),
          return: async () => {
            left++;
            return { done: true, value: undefined };
          },
        }),
      }),
    },
  });
  const stream = client.stream("m.wait");
  await until(() => server.serving === 1, "the request");
  await stream.return();
  await until(() => left > 0, "the iterator's return");
  await until(() => server.serving === 0 && client.pending === 0, "the end of the request");
});

test("a streaming method is not run for a request that wants no response", async () => {
  await using instance = await startInstance();
  const flux = await instance.connect();
  let runs = 0;
  await using service = await flux.serve("m", {
    *forever() {
      for (;;) yield { n: runs++ };
    },
    *few() {
      yield { n: runs++ };
    },
  });
  service.add("list", {
    streaming: false,
    *answer() {
      yield { n: runs++ };
    },
  });
  await flux.call("m.forever", {}, { noResponse: true });
  await flux.call("m.list", {}, { noResponse: true });
  // No call makes both flags; the wire may bring them.
  const { NORESPONSE, STREAMING } = MessageFlag;
  for (const topic of ["m.few", "m.list"])
    flux.send(Message.request({ topic, flags: NORESPONSE | STREAMING }));
  await flux.ping();
  assert.equal(runs, 0);
  assert.equal(flux.serving, 0);
});

test("names: taken is EEXIST, with a dot EINVAL, none of them leaves methods behind", async () => {
  await using instance = await startInstance();
  const [one, other] = [await instance.connect(), await instance.connect()];
  const service = await one.serve("mine", { who: () => ({ one: true }) });
  await rejects(other.serve("mine", { who: () => ({}) }), "EEXIST", "service 'mine' is registered already");
  await rejects(one.serve("mine", { who: () => ({}) }), "EEXIST", "this handle serves 'mine' already");
  assert.deepEqual(await other.rpc("mine.who"), { one: true });
  const dotted = "'my.own' is no name for a service: one is not empty, has no dot and 255 bytes at most";
  await rejects(one.serve("my.own", {}), "EINVAL", dotted);
  const wrong = "method 'm' of service 'bad' is neither a function nor an object with answer or request";
  for (const method of [5, null, { anser: () => ({}) }]) {
    await rejects(one.serve("bad", { m: method as never }), "EINVAL", wrong);
  }
  await rejects(one.serve("broker", {}), "EEXIST", "service 'broker' is registered already");
  await service.close();
  await service.close();
  await rejects(other.rpc("mine.who"), "ENOSYS", "No service matching mine.who is registered");
  await using _again = await other.serve("mine", { who: () => ({ other: true }) });
  assert.deepEqual(await one.rpc("mine.who"), { other: true });
});

test("an unknown method is ENOSYS with its topic in 255 characters at most", async () => {
  await using instance = await startInstance();
  const flux = await instance.connect();
  await using service = await flux.serve("mine", {});
  await rejects(flux.rpc("mine.nosuch"), "ENOSYS", "Unknown service method 'mine.nosuch'");
  const long = await rejects(flux.rpc(`mine.${"x".repeat(240)}`), "ENOSYS");
  assert.equal(long.text?.length, 255);
  const undo = service.add("late", () => ({ late: true }));
  assert.deepEqual(await flux.rpc("mine.late"), { late: true });
  undo();
  await rejects(flux.rpc("mine.late"), "ENOSYS");
});

test("roles: only the owner, unless the method lets others in", async () => {
  await using instance = await startInstance();
  const [owner, guest] = [await instance.connect(), await instance.connect(AS_GUEST)];
  const ok = () => ({});
  await using _service = await owner.serve("m", {
    closed: ok,
    users: { allow: Role.USER, answer: ok },
    admins: { allow: Role.ADMIN, answer: ok },
    all: { allow: Role.ALL, answer: ok },
  });
  for (const method of ["closed", "users", "admins", "all"]) await owner.rpc(`m.${method}`);
  await rejects(guest.rpc("m.closed"), "EPERM", "Request requires owner credentials");
  await rejects(guest.rpc("m.admins"), "EPERM", "Request rejected due to insufficient privilege");
  await guest.rpc("m.users");
  await guest.rpc("m.all");
  await guest.rpc("m.closed", {}, { noResponse: true });
  await rejects(
    guest.serve("calc", {}),
    "EPERM",
    "a guest's service has a name that begins with its user id and a dash, which 'calc' does not",
  );
  await using _own = await guest.serve(`${GUEST}-calc`, { f: { allow: Role.USER, answer: ok } });
  await owner.rpc(`${GUEST}-calc.f`);
});
