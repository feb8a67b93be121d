import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { Message, MessageFlag, MessageType, Role, textPayload } from "../../../src/message/index.ts";
import { TestInstance } from "../../../src/testing/index.ts";
import { RawClient } from "../../helpers/raw-client.ts";

/** A raw client that provides `svc`. */
async function provider(instance: TestInstance): Promise<RawClient> {
  const client = await RawClient.connect(instance.uri);
  const payload = textPayload('{"service":"svc"}');
  await client.ask(Message.request({ topic: "service.add", payload, matchtag: 1 }));
  return client;
}

const routes = ["proxy-hop-2", "proxy-hop-1"];

test("a request that comes with routes keeps them, below those of its way here", async () => {
  await using instance = await TestInstance.start();
  await using server = await provider(instance);
  await using proxy = await RawClient.connect(instance.uri);
  proxy.send(Message.request({ topic: "svc.a", matchtag: 7, routes }));
  const request = await server.next();
  assert.equal(request.routes?.length, 5);
  assert.deepEqual(request.routes?.slice(3), routes);
  assert.equal(request.firstRoute, "proxy-hop-1");
  server.send(request.deriveResponse(0, undefined));
  const response = await proxy.next();
  assert.deepEqual([response.matchtag, response.routes], [7, routes]);
});

test("the broker's own services and its errors keep them too", async () => {
  await using instance = await TestInstance.start();
  await using proxy = await RawClient.connect(instance.uri);
  const pong = await proxy.ask(
    Message.request({ topic: "broker.ping", matchtag: 1, routes, payload: textPayload("{}") }),
  );
  assert.deepEqual(pong.routes, routes);
  assert.match(pong.text ?? "", /"route": "proxy-ho!proxy-ho![0-9a-f]{8}![0-9a-f]{8}![0-9a-f]{8}"/);
  const unknown = await proxy.ask(Message.request({ topic: "nosuch.a", matchtag: 2, routes }));
  assert.deepEqual([unknown.errnum, unknown.routes], [38, routes]);
  const far = await proxy.ask(Message.request({ topic: "nosuch.a", matchtag: 3, nodeid: 9, routes }));
  assert.deepEqual([far.errnum, far.routes], [113, routes]);
  const add = Message.request({
    topic: "event.subscribe",
    matchtag: 4,
    routes,
    payload: textPayload('{"topic":"x"}'),
  });
  assert.deepEqual((await proxy.ask(add)).routes, routes);
});

test("a request without a route stack gets one", async () => {
  await using instance = await TestInstance.start();
  await using server = await provider(instance);
  await using client = await RawClient.connect(instance.uri);
  client.send(Message.request({ topic: "svc.a", matchtag: 7, routes: null, payload: textPayload("{}") }));
  const request = await server.next();
  assert.deepEqual([request.topic, request.routes?.length, request.text], ["svc.a", 3, "{}"]);
  server.send(request.deriveResponse(0, textPayload("{}")));
  const response = await client.next();
  assert.deepEqual([response.matchtag, response.atRequester, response.text], [7, true, "{}"]);
  const rank = await client.ask(
    Message.request({
      topic: "attr.get",
      matchtag: 8,
      routes: null,
      payload: textPayload('{"name":"rank"}'),
    }),
  );
  assert.deepEqual([rank.matchtag, rank.errnum, rank.has(MessageFlag.ROUTE)], [8, 0, true]);
  const unknown = await client.ask(Message.request({ topic: "nosuch.a", matchtag: 9, routes: null }));
  assert.deepEqual([unknown.matchtag, unknown.errnum], [9, 38]);
});

test("a response that leads nowhere is dropped", async () => {
  await using instance = await TestInstance.start();
  await using server = await provider(instance);
  await using client = await RawClient.connect(instance.uri);
  client.send(Message.request({ topic: "svc.a", matchtag: 7 }));
  const request = await server.next();
  const [broker, connector, uuid] = request.routes as [string, string, string];
  const stacks = [
    [],
    null,
    [uuid],
    [broker],
    [connector],
    [broker, connector],
    [connector, broker, uuid],
    [broker, connector, randomUUID()],
    [broker, randomUUID(), uuid],
    [randomUUID(), connector, uuid],
    [broker, connector, uuid.slice(1)],
    [broker, connector, `${uuid}x`],
    [broker, connector, uuid.replace(/^./, (first) => (first === "0" ? "1" : "0"))],
  ];
  for (const stack of stacks) server.send(Message.response({ topic: "svc.a", matchtag: 7, routes: stack }));
  server.send(Message.response({ matchtag: 7, routes: request.routes! }));
  server.send(Message.request({ routes: request.routes! }));
  server.send(Message.control({ controlType: 1, status: 2 }));
  server.send(request.deriveResponse(0, textPayload("the one")));
  const response = await client.next();
  assert.equal(response.text, "the one");
  await client.ask(Message.request({ topic: "nosuch.a", matchtag: 8 }));
  assert.equal(client.unread, 0);
});

test("credentials are stamped where a message enters: an owner's are filled in, one by one", async () => {
  await using instance = await TestInstance.start();
  await using server = await provider(instance);
  await using client = await RawClient.connect(instance.uri);
  const owner = process.getuid?.() ?? 0;
  const stamped = async (fields: { userid?: number; rolemask?: number }) => {
    client.send(Message.request({ topic: "svc.a", matchtag: 7, ...fields }));
    const { userid, rolemask } = await server.next();
    return [userid, rolemask];
  };
  assert.deepEqual(await stamped({}), [owner, Role.OWNER | Role.LOCAL]);
  assert.deepEqual(await stamped({ userid: 5 }), [5, Role.OWNER | Role.LOCAL]);
  assert.deepEqual(await stamped({ rolemask: Role.USER }), [owner, Role.USER]);
  assert.deepEqual(await stamped({ userid: 5, rolemask: Role.USER }), [5, Role.USER]);
  server.send(Message.event({ topic: "e", userid: 9, rolemask: Role.USER }));
  client.send(Message.request({ topic: "svc.b", matchtag: 8 }));
  const request = await server.next();
  server.send(answerAs(request, 77, Role.USER));
  const response = await client.next();
  assert.deepEqual(
    [response.type, response.userid, response.rolemask],
    [MessageType.RESPONSE, 77, Role.USER],
  );
});

/** The bytes of an answer to `request` by another user. */
function answerAs(request: Message, userid: number, rolemask: number): Uint8Array {
  const response = request.deriveResponse(0, undefined);
  response.userid = userid;
  response.rolemask = rolemask;
  return response.encode();
}
