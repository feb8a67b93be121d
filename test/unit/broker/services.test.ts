import assert from "node:assert/strict";
import { test } from "node:test";
import { Message, MessageFlag, MessageType, Role, textPayload } from "../../../src/message/index.ts";
import { TestInstance } from "../../../src/testing/index.ts";
import { RawClient } from "../../helpers/raw-client.ts";
import { until } from "../../helpers/until.ts";
import { GUEST, OWNER, Users } from "../../helpers/users.ts";

const OWNS = Role.OWNER | Role.LOCAL;
let tag = 100;

/** A request of the connector's. */
const service = (method: "add" | "remove", body: string, fields: { flags?: number; nodeid?: number } = {}) =>
  Message.request({ topic: `service.${method}`, payload: textPayload(body), matchtag: ++tag, ...fields });

/** A raw client that has registered `name`. */
async function provider(instance: TestInstance, name: string): Promise<RawClient> {
  const client = await RawClient.connect(instance.uri);
  assert.equal((await client.ask(service("add", `{"service":"${name}"}`))).errnum, 0);
  return client;
}

test("a request is handed to its provider as it is, the way back on its route stack", async () => {
  await using instance = await TestInstance.start();
  await using server = await provider(instance, "svc");
  await using client = await RawClient.connect(instance.uri);
  const payload = Uint8Array.of(1, 2, 3);
  client.send(
    Message.request({ topic: "svc.do.it", payload, matchtag: 9, nodeid: 0, flags: MessageFlag.USER1 }),
  );
  const request = await server.next();
  const { USER1, TOPIC, PAYLOAD, ROUTE } = MessageFlag;
  assert.deepEqual(
    [request.type, request.topic, request.nodeid, request.matchtag, request.flags],
    [MessageType.REQUEST, "svc.do.it", 0, 9, USER1 | TOPIC | PAYLOAD | ROUTE],
  );
  assert.deepEqual([...(request.payload ?? [])], [1, 2, 3]);
  assert.deepEqual([request.userid, request.rolemask], [OWNER, OWNS]);
  assert.equal(request.routes?.length, 3);
  server.send(request.deriveResponse(0, textPayload("{}")));
  const response = await client.next();
  assert.deepEqual(
    [response.type, response.topic, response.matchtag, response.errnum, response.flags],
    [MessageType.RESPONSE, "svc.do.it", 9, 0, USER1 | TOPIC | PAYLOAD | ROUTE],
  );
  assert.equal(response.atRequester, true, "no route is left");
  assert.deepEqual([response.userid, response.rolemask], [OWNER, OWNS]);
});

test("only name.* is delivered; the bare name is ENOSYS without text", async () => {
  await using instance = await TestInstance.start();
  await using server = await provider(instance, "svc");
  await using client = await RawClient.connect(instance.uri);
  const bare = await client.ask(Message.request({ topic: "svc", matchtag: 1 }));
  assert.deepEqual([bare.errnum, bare.payload, bare.rolemask], [38, undefined, OWNS]);
  const other = await client.ask(Message.request({ topic: "svcx.a", matchtag: 2 }));
  assert.deepEqual([other.errnum, other.text], [38, "No service matching svcx.a is registered"]);
  client.send(Message.request({ topic: "svc.", matchtag: 3 }));
  assert.equal((await server.next()).topic, "svc.");
  assert.equal(server.unread, 0);
});

test("registering: the connector answers, with numbers and no texts", async () => {
  await using instance = await TestInstance.start();
  await using one = await RawClient.connect(instance.uri);
  await using other = await RawClient.connect(instance.uri);
  const add = async (client: RawClient, body: string) => (await client.ask(service("add", body))).errnum;
  const remove = async (client: RawClient, body: string) =>
    (await client.ask(service("remove", body))).errnum;
  const response = await one.ask(service("add", '{"service":"a"}', { nodeid: 99 }));
  assert.deepEqual(
    [response.errnum, response.topic, response.payload, response.userid, response.rolemask],
    [0, "service.add", undefined, 0xffffffff, Role.OWNER],
  );
  assert.equal(await add(one, '{"service":"a"}'), 17);
  assert.equal(await add(other, '{"service":"a"}'), 17);
  assert.equal(await add(other, '{"service":"attr"}'), 17);
  assert.equal(await add(other, '{"service":"a.b"}'), 22);
  for (const body of ["{}", '{"service":7}', "[]", "nonsense", '{"service":null}'])
    assert.equal(await add(other, body), 71, body);
  assert.equal((await other.ask(Message.request({ topic: "service.add", matchtag: 3 }))).errnum, 71);
  assert.equal(await remove(other, '{"service":"a"}'), 2);
  assert.equal(await remove(other, '{"service":"attr"}'), 2);
  assert.equal(await remove(one, '{"service":"a"}'), 0);
  assert.equal(await remove(one, '{"service":"a"}'), 2);
  one.send(service("add", '{"service":"quiet"}', { flags: MessageFlag.NORESPONSE }));
  assert.equal(await add(one, '{"service":"quiet"}'), 17);
  assert.equal(one.unread, 0);
  const unknown = await one.ask(Message.request({ topic: "service.nosuch", matchtag: 4 }));
  assert.deepEqual([unknown.errnum, unknown.text], [38, "Unknown service method 'service.nosuch'"]);
});

test("a guest's service bears its user id and a dash in front", async () => {
  await using users = await Users.start();
  await using guest = await users.raw(GUEST);
  const add = async (name: string) => (await guest.ask(service("add", `{"service":"${name}"}`))).errnum;
  assert.equal(await add("svc"), 1);
  assert.equal(await add(`${GUEST + 1}-svc`), 1);
  assert.equal(await add(`${GUEST}svc`), 1);
  assert.equal(await add(`${GUEST}-svc`), 0);
});

test("after removal and after the provider's end the name is free; what it owed is not answered", async () => {
  await using instance = await TestInstance.start();
  await using client = await RawClient.connect(instance.uri);
  const first = await provider(instance, "svc");
  client.send(Message.request({ topic: "svc.a", matchtag: 1 }));
  await first.next();
  await first.close();
  await until(() => instance.broker.stats.clients === 1, "the provider's end");
  const gone = await client.ask(Message.request({ topic: "svc.a", matchtag: 2 }));
  assert.deepEqual([gone.matchtag, gone.errnum], [2, 38], "no automatic error for the first");
  await using second = await provider(instance, "svc");
  client.send(Message.request({ topic: "svc.b", matchtag: 3 }));
  assert.equal((await second.next()).topic, "svc.b");
});

test("a client may call its own service", async () => {
  await using instance = await TestInstance.start();
  await using self = await provider(instance, "self");
  self.send(Message.request({ topic: "self.call", matchtag: 5 }));
  const request = await self.next();
  self.send(request.deriveResponse(0, undefined));
  assert.deepEqual([(await self.next()).matchtag, self.unread], [5, 0]);
});

test("a service inside the broker", async () => {
  const lines: string[] = [];
  await using instance = await TestInstance.start({
    onLog: ({ level, message }) => lines.push(`${level} ${message}`),
  });
  instance.broker.addService("inside", {
    double: ({ n }) => ({ n: n * 2 }),
    fault: () => {
      throw new Error("a bug");
    },
    *flood({ to }) {
      const pad = "x".repeat(10_000);
      for (let i = 0; i < to; i++) yield { i, pad };
    },
  });
  assert.throws(() => instance.broker.addService("inside", {}), { code: "EEXIST" });
  const flux = await instance.connect();
  assert.deepEqual(await flux.rpc("inside.double", { n: 4 }), { n: 8 });
  await assert.rejects(flux.rpc("inside.fault"), { code: "EIO" });
  assert.match(lines[0]!, /^err inside\.fault: Error: a bug/);
  let count = 0;
  for await (const { i } of flux.stream<{ i: number }>("inside.flood", { to: 5000 }))
    assert.equal(i, count++);
  assert.equal(count, 5000, "50 MB through a queue of 32: the stream waits for room");
  assert.equal(instance.broker.stats.slow.disconnects, 0);
});
