import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_DISCONNECTS } from "../../../src/broker/disconnects.ts";
import { Message, MessageFlag, Role, textPayload } from "../../../src/message/index.ts";
import { TestInstance } from "../../../src/testing/index.ts";
import { RawClient } from "../../helpers/raw-client.ts";
import { until } from "../../helpers/until.ts";

/** A provider of `svc` and a client, with the requests the provider gets once `act` is done and the client has gone. */
async function afterwards(act: (client: RawClient) => void, before: number): Promise<Message[]> {
  await using instance = await TestInstance.start();
  await using server = await RawClient.connect(instance.uri);
  await server.ask(
    Message.request({ topic: "service.add", payload: textPayload('{"service":"svc"}'), matchtag: 1 }),
  );
  const client = await RawClient.connect(instance.uri);
  act(client);
  for (let i = 0; i < before; i++) await server.next();
  await client.close();
  await until(() => instance.broker.stats.clients === 1, "the client's end");
  // What the broker sent because of it comes before the answer to this.
  server.send(Message.request({ topic: "attr.get", payload: textPayload('{"name":"rank"}'), matchtag: 99 }));
  const got: Message[] = [];
  for (let next = await server.next(); next.topic !== "attr.get"; next = await server.next()) got.push(next);
  return got;
}

const request = (topic: string, fields: Partial<Parameters<typeof Message.request>[0]> = {}) =>
  Message.request({ topic, matchtag: 5, ...fields });

test("one disconnect request for each service, rank and upstream flag", async () => {
  const got = await afterwards((client) => {
    client.send(request("svc.one", { matchtag: 5 }));
    client.send(request("svc.two", { matchtag: 6 }));
    client.send(request("svc.one", { matchtag: 7 }));
    client.send(request("svc.one", { matchtag: 8, nodeid: 0 }));
    client.send(request("svc.sub.one", { matchtag: 9 }));
    client.send(request("svc.one", { matchtag: 10, nodeid: 3, flags: MessageFlag.UPSTREAM }));
  }, 6);
  assert.deepEqual(
    got.map(({ topic, nodeid, matchtag }) => [topic, nodeid, matchtag]),
    [
      ["svc.disconnect", 0xffffffff, 5],
      ["svc.disconnect", 0, 8],
      ["svc.sub.disconnect", 0xffffffff, 9],
      ["svc.disconnect", 3, 10],
    ],
  );
  assert.deepEqual(
    got.map((message) => message.has(MessageFlag.UPSTREAM)),
    [false, false, false, true],
  );
});

test("it is the first request's header without payload, not to be answered", async () => {
  const got = await afterwards((client) => {
    client.send(
      request("svc.one", {
        matchtag: 11,
        flags: MessageFlag.STREAMING,
        payload: textPayload("{}"),
        userid: 77,
        rolemask: Role.USER,
        routes: ["via", "origin"],
      }),
    );
    client.send(request("svc.two", { matchtag: 12 }));
  }, 2);
  assert.equal(got.length, 1);
  const [message] = got as [Message];
  assert.deepEqual([message.topic, message.matchtag, message.payload], ["svc.disconnect", 11, undefined]);
  assert.equal(message.flags, MessageFlag.TOPIC | MessageFlag.ROUTE | MessageFlag.NORESPONSE);
  assert.deepEqual([message.userid, message.rolemask], [77, Role.USER]);
  assert.equal(message.routes?.length, 5);
  assert.deepEqual(message.routes?.slice(3), ["via", "origin"]);
});

test("the sender is who sent the requests", async () => {
  const got: (string | undefined)[] = [];
  await using instance = await TestInstance.start();
  await using server = await instance.connect();
  server.handle("svc.*", (message) => {
    got.push(message.message.firstRoute);
    if (!message.noResponse) message.respond();
  });
  await server.call("service.add", { service: "svc" });
  const client = await RawClient.connect(instance.uri);
  await client.ask(request("svc.one"));
  await client.close();
  await until(() => got.length === 2, "the disconnect");
  assert.equal(got[0], got[1]);
});

test("requests without response, and those of the connector, call for none", async () => {
  const got = await afterwards((client) => {
    client.send(request("svc.one", { matchtag: 0, flags: MessageFlag.NORESPONSE }));
    client.send(request("event.subscribe", { payload: textPayload('{"topic":"x"}') }));
    client.send(request("service.add", { payload: textPayload('{"service":"own"}') }));
  }, 1);
  assert.deepEqual(got, []);
});

test("a request whose disconnect topic would be over 255 bytes is refused", async () => {
  await using instance = await TestInstance.start();
  await using client = await RawClient.connect(instance.uri);
  // 244 and ".disconnect" are 255.
  const fits = await client.ask(request(`${"x".repeat(244)}.a`));
  assert.equal(fits.errnum, 38);
  const over = await client.ask(request(`${"x".repeat(245)}.a`));
  assert.equal(over.errnum, 22);
  const wide = await client.ask(request(`${"ü".repeat(123)}.a`));
  assert.equal(wide.errnum, 22);
  client.send(request(`${"x".repeat(300)}.a`, { matchtag: 0, flags: MessageFlag.NORESPONSE }));
  assert.equal((await client.ask(request("broker.nosuch"))).errnum, 38);
});

test("a client that asks more services than can be remembered is refused, not forgotten", async () => {
  await using instance = await TestInstance.start();
  await using client = await RawClient.connect(instance.uri);
  const count = MAX_DISCONNECTS + 900;
  for (let i = 0; i < count; i++) client.send(request(`svc${i}.a`, { matchtag: i + 1 }));
  const errors = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    const { errnum } = await client.next();
    errors.set(errnum, (errors.get(errnum) ?? 0) + 1);
  }
  assert.deepEqual(
    [...errors],
    [
      [38, MAX_DISCONNECTS],
      [22, count - MAX_DISCONNECTS],
    ],
  );
  assert.equal((await client.ask(request("svc0.b"))).errnum, 38, "known ones go on");
});
