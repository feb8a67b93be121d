import assert from "node:assert/strict";
import { test } from "node:test";
import { Message, MessageFlag, MessageType, Role, textPayload } from "../../../src/message/index.ts";
import { TestInstance } from "../../../src/testing/index.ts";
import { RawClient } from "../../helpers/raw-client.ts";
import { OWNER } from "../../helpers/users.ts";

let tag = 0;

/** What the broker answers to an event.publish of this body: sequence number or error number. */
async function publish(
  client: RawClient,
  body: object | string | undefined,
): Promise<{ seq: number } | number> {
  const text = typeof body === "string" || body === undefined ? body : JSON.stringify(body);
  const payload = text === undefined ? undefined : textPayload(text);
  const response = await client.ask(
    Message.request({ topic: "event.publish", matchtag: ++tag, nodeid: 0, payload }),
  );
  assert.equal(response.matchtag, tag);
  return response.errnum === 0 ? JSON.parse(response.text ?? "") : response.errnum;
}

const subscription = (method: string, body: string, flags = 0) =>
  Message.request({ topic: `event.${method}`, matchtag: ++tag, payload: textPayload(body), flags });

test("events bear numbers without gaps, however they were published", async () => {
  await using instance = await TestInstance.start();
  await using one = await RawClient.connect(instance.uri);
  await using other = await RawClient.connect(instance.uri);
  await one.ask(subscription("subscribe", '{"topic":""}'));
  assert.deepEqual(await publish(other, { topic: "a", flags: 0 }), { seq: 1 });
  one.send(Message.event({ topic: "b", seq: 77 }));
  const [a, b] = [await one.next(), await one.next()];
  assert.deepEqual(await publish(other, { topic: "c", flags: 0 }), { seq: 3 });
  const c = await one.next();
  assert.deepEqual(
    [a, b, c].map(({ topic, seq, type }) => [topic, seq, type]),
    [
      ["a", 1, MessageType.EVENT],
      ["b", 2, MessageType.EVENT],
      ["c", 3, MessageType.EVENT],
    ],
  );
  assert.deepEqual([a.userid, a.rolemask], [OWNER, Role.OWNER | Role.LOCAL]);
  assert.deepEqual([a.routes, b.routes], [undefined, undefined], "what nobody reads is left out");
});

test("a direct event keeps flags and payload", async () => {
  await using instance = await TestInstance.start();
  await using client = await RawClient.connect(instance.uri);
  await client.ask(subscription("subscribe", '{"topic":"x"}'));
  const { USER1, PRIVATE, TOPIC, PAYLOAD } = MessageFlag;
  client.send(Message.event({ topic: "x", flags: USER1 | PRIVATE, payload: Uint8Array.of(1, 0) }));
  client.send(Message.event({ topic: "x", routes: null }));
  const [event, bare] = [await client.next(), await client.next()];
  assert.equal(event.flags, USER1 | PRIVATE | TOPIC | PAYLOAD);
  assert.deepEqual([...(event.payload ?? [])], [1, 0]);
  assert.deepEqual([bare.flags, bare.routes, bare.seq], [TOPIC, undefined, 2]);
});

test("an event that matches several prefixes of a client comes once", async () => {
  await using instance = await TestInstance.start();
  await using client = await RawClient.connect(instance.uri);
  for (const prefix of ["", "a", "a.b", "a.b.c", "a.b"])
    await client.ask(subscription("subscribe", JSON.stringify({ topic: prefix })));
  await using other = await RawClient.connect(instance.uri);
  for (let i = 0; i < 3; i++) other.send(Message.event({ topic: "a.b.c" }));
  for (let i = 1; i <= 3; i++) assert.equal((await client.next()).seq, i);
  const response = await client.ask(subscription("unsubscribe", '{"topic":""}'));
  assert.equal(response.type, MessageType.RESPONSE);
  assert.equal(client.unread, 0);
});

test("subscriptions are counted: each wants its own end", async () => {
  await using instance = await TestInstance.start();
  await using client = await RawClient.connect(instance.uri);
  const errnum = async (method: string, body: string) =>
    (await client.ask(subscription(method, body))).errnum;
  const a = '{"topic":"a"}';
  assert.equal(await errnum("unsubscribe", a), 2);
  assert.equal(await errnum("subscribe", a), 0);
  assert.equal(await errnum("subscribe", a), 0);
  assert.equal(await errnum("unsubscribe", a), 0);
  client.send(Message.event({ topic: "a" }));
  assert.equal((await client.next()).topic, "a");
  assert.equal(await errnum("unsubscribe", a), 0);
  client.send(Message.event({ topic: "a" }));
  assert.equal(await errnum("unsubscribe", a), 2);
  assert.equal(client.unread, 0);
  for (const body of ["{}", '{"topic":1}', "[]", "nonsense", '{"topic":null}']) {
    assert.equal(await errnum("subscribe", body), 71, body);
    assert.equal(await errnum("unsubscribe", body), 71, body);
  }
  client.send(subscription("subscribe", '{"topic":"quiet"}', MessageFlag.NORESPONSE));
  client.send(Message.event({ topic: "quiet" }));
  assert.equal((await client.next()).topic, "quiet");
});

test("the connector answers subscriptions: whatever rank they name, without user, as OWNER", async () => {
  await using instance = await TestInstance.start();
  await using client = await RawClient.connect(instance.uri);
  const payload = textPayload('{"topic":"a"}');
  const response = await client.ask(
    Message.request({ topic: "event.subscribe", matchtag: 5, nodeid: 99, payload }),
  );
  assert.deepEqual(
    [response.errnum, response.payload, response.userid, response.rolemask],
    [0, undefined, 0xffffffff, Role.OWNER],
  );
});

test("a request for publication that is malformed is EPROTO, and takes no number", async () => {
  await using instance = await TestInstance.start();
  await using client = await RawClient.connect(instance.uri);
  const malformed = [
    undefined,
    "nonsense",
    "[]",
    {},
    { topic: "a" },
    { flags: 0 },
    { topic: 1, flags: 0 },
    { topic: "a", flags: "0" },
    { topic: "a", flags: 1 },
    { topic: "a", flags: MessageFlag.USER1 },
    { topic: "a", flags: MessageFlag.PRIVATE | 1 },
    { topic: "a", flags: -1 },
    { topic: "a", flags: 0, payload: null },
    { topic: "a", flags: 0, payload: 1 },
    { topic: "a", flags: 0, payload: "e" },
    { topic: "a", flags: 0, payload: "e30A\n" },
    { topic: "a", flags: 0, payload: "e30 A" },
    { topic: "a", flags: 0, payload: "e30A-_==" },
    { topic: "a", flags: 0, payload: "e3=A" },
    { topic: "a", flags: 0, payload: "e30Ae" },
    { topic: "a", flags: 0, payload: "e30Aü" },
  ];
  for (const body of malformed) assert.equal(await publish(client, body), 71, JSON.stringify(body));
  assert.deepEqual(await publish(client, { topic: "a", flags: 0 }), { seq: 1 });
});

test("payloads of publications: base64 as flux-core takes it", async () => {
  await using instance = await TestInstance.start();
  await using client = await RawClient.connect(instance.uri);
  await client.ask(subscription("subscribe", '{"topic":"a"}'));
  for (const [encoded, bytes] of [
    ["e30A", [0x7b, 0x7d, 0]],
    ["eyJhIjoxLCJiIjoieCJ9AA==", [...textPayload('{"a":1,"b":"x"}')]],
    ["Zm9vCg", [0x66, 0x6f, 0x6f, 0x0a]],
    ["Zm9vCg==", [0x66, 0x6f, 0x6f, 0x0a]],
    ["+/8=", [0xfb, 0xff]],
    ["e30A====", [0x7b, 0x7d, 0]],
    ["====", undefined],
    ["", undefined],
  ] as const) {
    client.send(
      Message.request({
        topic: "event.publish",
        matchtag: ++tag,
        payload: textPayload(JSON.stringify({ topic: "a", flags: 0, payload: encoded, extra: 1 })),
      }),
    );
    const [event, response] = [await client.next(), await client.next()];
    assert.equal(response.errnum, 0);
    assert.deepEqual(event.payload && [...event.payload], bytes, encoded);
    assert.equal(event.has(MessageFlag.PAYLOAD), bytes !== undefined);
  }
});

/** Connects `count` subscribers to `prefix`: from four on the broker encodes an event once for all of them. */
async function crowd(instance: TestInstance, count: number, prefix: string): Promise<RawClient[]> {
  const clients = await Promise.all(Array.from({ length: count }, () => RawClient.connect(instance.uri)));
  for (const client of clients)
    await client.ask(subscription("subscribe", JSON.stringify({ topic: prefix })));
  return clients;
}

for (const others of [0, 6]) {
  test(`events and responses keep the order in which the broker took them, with ${others} others`, async () => {
    await using instance = await TestInstance.start();
    const [client, ...rest] = (await crowd(instance, others + 1, "a")) as [RawClient, ...RawClient[]];
    await rest[0]?.ask(subscription("subscribe", '{"topic":"a.1"}'));
    const expected: string[] = [];
    for (let i = 0; i < 300; i++) {
      const flags = i % 11 === 0 ? MessageFlag.PRIVATE : 0;
      client.send(Message.event({ topic: `a.${i}`, payload: new Uint8Array((i * 37) % 900), flags }));
      expected.push(`a.${i}`);
      if (i % 7 !== 0) continue;
      client.send(Message.request({ topic: `none.${i}`, matchtag: 5 }));
      expected.push(`none.${i}`);
    }
    const seen: (string | undefined)[] = [];
    while (seen.length < expected.length) seen.push((await client.next()).topic);
    assert.deepEqual(seen, expected);
    for (const other of rest) {
      for (let seq = 1; seq <= 300; seq++) assert.equal((await other.next()).seq, seq);
      assert.equal(other.unread, 0);
    }
  });

  test(`who unsubscribes or leaves in the midst of events gets those before, the ${others + 1} others get all`, async () => {
    await using instance = await TestInstance.start();
    const [leaving, gone, ...staying] = (await crowd(instance, others + 3, "a")) as [
      RawClient,
      RawClient,
      ...RawClient[],
    ];
    for (let i = 0; i < 50; i++) leaving.send(Message.event({ topic: "a" }));
    leaving.send(subscription("unsubscribe", '{"topic":"a"}'));
    for (let i = 0; i < 50; i++) leaving.send(Message.event({ topic: "a" }));
    leaving.send(subscription("subscribe", '{"topic":"a"}'));
    leaving.send(Message.event({ topic: "a" }));
    await gone.close();
    for (const client of staying) {
      for (let seq = 1; seq <= 101; seq++) assert.equal((await client.next()).seq, seq);
      assert.equal(client.unread, 0);
    }
    for (let seq = 1; seq <= 50; seq++) assert.equal((await leaving.next()).seq, seq);
    assert.equal((await leaving.next()).topic, "event.unsubscribe");
    assert.equal((await leaving.next()).topic, "event.subscribe");
    assert.equal((await leaving.next()).seq, 101);
  });
}

test("behind the last number of 32 bits the next epoch begins, live and in a replay", async () => {
  await using instance = await TestInstance.start({ lastEvent: 0xfffffffd });
  await using flux = await instance.connect();
  const before = await flux.rpc<{ epoch: number; last: number }>("event.stat");
  assert.equal(before.last, 0xfffffffd);
  await using live = flux.subscribe("e.");
  await live.ready;
  const numbers: number[] = [];
  for (let i = 0; i < 4; i++) numbers.push((await flux.publish("e.x")).seq);
  assert.deepEqual(
    numbers.map((seq) => seq >>> 0),
    [0xfffffffe, 0xffffffff, 1, 2],
  );
  for (const seq of [0xfffffffe, 0xffffffff, 1, 2]) assert.equal((await live.next()).value?.seq, seq);
  const replay = flux.subscribe("e.", { since: "begin" });
  const { epoch } = before;
  const expected = [
    { epoch, seq: 0xfffffffe },
    { epoch, seq: 0xffffffff },
    { epoch: epoch + 1, seq: 1 },
    { epoch: epoch + 1, seq: 2 },
  ];
  for (const position of expected) assert.deepEqual((await replay.next()).value?.position, position);
  await replay.close();
});

test("a response says the number as C prints an int", async () => {
  for (const last of [0, 8, 9, 98, 12_344, 0x7ffffffe, 0x7fffffff, 0xfffffff5, 0xfffffffe]) {
    await using instance = await TestInstance.start({ lastEvent: last });
    await using client = await RawClient.connect(instance.uri);
    const payload = textPayload('{"topic":"a","flags":0}');
    const response = await client.ask(Message.request({ topic: "event.publish", matchtag: ++tag, payload }));
    assert.equal(response.text, `{"seq":${(last + 1) | 0}}`);
  }
});
