import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { errno } from "../../../src/base/index.ts";
import { Broker, INGRESS_LIMITS, Ingress } from "../../../src/broker/index.ts";
import { Message, MessageFlag, MessageType, Role, textPayload } from "../../../src/message/index.ts";
import { TestInstance } from "../../../src/testing/index.ts";
import { RawClient } from "../../helpers/raw-client.ts";
import { drain, rejects } from "../../helpers/rejects.ts";
import { until } from "../../helpers/until.ts";
import { GUEST, OWNER, Users } from "../../helpers/users.ts";

const EMPTY_OBJECT = textPayload("{}");
const AS_OWNER = { userid: 1, rolemask: Role.OWNER };
const AS_GUEST = { userid: 2, rolemask: Role.USER };

test("a message enters if topic, number and bytes of its routes are within the limits", () => {
  const limits = {
    maxTopicBytes: 255,
    maxRoutes: 20,
    maxRouteBytes: 2000,
    guestMaxRoutes: 16,
    guestMaxRouteBytes: 1024,
  };
  const ingress = new Ingress(limits);
  const anyRoute = fc.integer({ min: 1, max: 300 }).map((length) => "r".repeat(length));
  const anyTopic = fc.integer({ min: 1, max: 300 }).map((length) => "t".repeat(length));
  fc.assert(
    fc.property(
      fc.constantFrom(MessageType.REQUEST, MessageType.RESPONSE, MessageType.EVENT),
      fc.option(fc.array(anyRoute, { maxLength: 25 })),
      anyTopic,
      fc.boolean(),
      (type, routes, topic, isGuest) => {
        const fields = { topic, routes };
        const message =
          type === MessageType.REQUEST
            ? Message.request(fields)
            : type === MessageType.RESPONSE
              ? Message.response(fields)
              : Message.event(fields);
        const asGuest = isGuest && type !== MessageType.RESPONSE;
        const mostRoutes = asGuest ? limits.guestMaxRoutes : limits.maxRoutes;
        const mostBytes = asGuest ? limits.guestMaxRouteBytes : limits.maxRouteBytes;
        const bytes = (routes ?? []).reduce((sum, { length }) => sum + length + (length < 255 ? 1 : 5), 1);
        const fits = (routes ?? []).length <= mostRoutes && (routes === null || bytes <= mostBytes);
        const expected = topic.length > limits.maxTopicBytes ? "EINVAL" : fits ? undefined : "EMSGSIZE";
        assert.equal(ingress.check(message, isGuest ? AS_GUEST : AS_OWNER)?.code, expected);
      },
    ),
    { numRuns: 1000 },
  );
});

test("limits out of their ranges are refused", () => {
  for (const options of [
    { maxTopicBytes: 254 },
    { maxTopicBytes: 65_536 },
    { maxRoutes: 15 },
    { guestMaxRoutes: 1.5 },
    { maxRouteBytes: 8 * 1024 * 1024 + 1 },
    { guestMaxRouteBytes: 1023 },
    { maxFrameBytes: 1023 },
  ])
    assert.throws(() => new Ingress(options), { code: "EINVAL" }, JSON.stringify(options));
  new Ingress(INGRESS_LIMITS);
});

/** The answer of a broker to a request of a user. */
async function ask(users: Users, userid: number, request: Message): Promise<[number, string | undefined]> {
  await using raw = await users.raw(userid);
  const { errnum, text, routes } = await raw.ask(request);
  assert.deepEqual(routes, request.routes);
  return [errnum, errnum === 0 ? undefined : text];
}

test("a request with too many routes, or too large ones, is answered EMSGSIZE: sooner for guests", async () => {
  await using users = await Users.start();
  const of = (count: number, length: number): Message =>
    Message.request({
      topic: "broker.ping",
      payload: EMPTY_OBJECT,
      matchtag: 1,
      routes: Array(count).fill("r".repeat(length)),
    });
  const many = (most: number) => [errno.EMSGSIZE, `message has more routes than the limit of ${most}`];
  const large = (bytes: number, most: number) => [
    errno.EMSGSIZE,
    `routes of ${bytes} bytes are over the limit of ${most}`,
  ];
  assert.deepEqual(await ask(users, GUEST, of(64, 60)), [0, undefined]);
  assert.deepEqual(await ask(users, GUEST, of(65, 1)), many(64));
  assert.deepEqual(await ask(users, GUEST, of(20, 204)), large(4101, 4096));
  assert.deepEqual(await ask(users, OWNER, of(256, 62)), [0, undefined]);
  assert.deepEqual(await ask(users, OWNER, of(257, 1)), many(256));
  assert.deepEqual(await ask(users, OWNER, of(200, 100)), large(20_201, 16_384));
  const { stats } = users.instance.broker;
  assert.deepEqual(stats.refused, { requests: 4, responses: 0, events: 0 });
});

test("an event with too many routes or too long a topic is dropped, counted, and logged", async () => {
  const lines: string[] = [];
  await using users = await Users.start({ allowGuests: true, onLog: ({ message }) => lines.push(message) });
  await using guest = await users.raw(GUEST);
  for (let i = 0; i < 5; i++) {
    guest.send(Message.event({ topic: "a", routes: Array(65).fill("r") }));
    guest.send(Message.event({ topic: "a".repeat(1025) }));
  }
  guest.send(Message.request({ topic: "a".repeat(1025), flags: MessageFlag.NORESPONSE }));
  assert.equal(
    (await guest.ask(Message.request({ topic: "broker.ping", payload: EMPTY_OBJECT, matchtag: 1 }))).errnum,
    0,
  );
  const { refused, lastEvent } = users.instance.broker.stats;
  assert.deepEqual([refused, lastEvent], [{ requests: 1, responses: 0, events: 10 }, 0]);
  const limits = lines.filter((line) => line.includes("limit"));
  assert.equal(limits.length, 5, "the others are counted");
  assert.deepEqual([...new Set(limits)].sort(), [
    `event of user ${GUEST}: message has more routes than the limit of 64: dropped`,
    `event of user ${GUEST}: topic of 1025 bytes is over the limit of 1024: dropped`,
  ]);
});

test("a topic over the limit is EINVAL, answered with the topic cut between two characters", async () => {
  await using users = await Users.start();
  await using raw = await users.raw(GUEST);
  const topic = `a${"é".repeat(3_000_000)}`;
  const long = Message.request({ topic, matchtag: 5, routes: ["x"], payload: new Uint8Array(10) });
  const response = await raw.ask(long);
  assert.deepEqual(
    [response.errnum, response.text, response.matchtag, response.routes],
    [errno.EINVAL, "topic of 6000001 bytes is over the limit of 1024", 5, ["x"]],
  );
  assert.equal(response.topic, topic.slice(0, 128));
  const fits = await raw.ask(Message.request({ topic: `nosuch.${"x".repeat(200)}`, matchtag: 6 }));
  assert.equal(fits.errnum, errno.ENOSYS);
});

test("a response over the limits becomes an error for its caller", async () => {
  await using users = await Users.start();
  await using service = await users.raw(GUEST);
  const add = textPayload(`{"service":"${GUEST}-s"}`);
  await service.ask(Message.request({ topic: "service.add", matchtag: 1, payload: add }));
  const owner = await users.connect(OWNER);
  const call = owner.rpc(`${GUEST}-s.get`);
  const { routes, matchtag } = await service.next();
  service.send(Message.response({ topic: "t".repeat(2000), routes, matchtag }));
  await rejects(call, "EINVAL", "topic of 2000 bytes is over the limit of 1024");
  assert.equal(users.instance.broker.stats.refused.responses, 1);
});

test("topics of event.publish and prefixes are limited", async () => {
  await using instance = await TestInstance.start();
  const flux = await instance.connect();
  const long = "t".repeat(1025);
  await rejects(flux.publish(long), "EINVAL", "topic is over the limit of 1024 bytes");
  // Not the form that the broker reads fastest.
  await rejects(flux.rpc("event.publish", `{ "topic": "${long}", "flags": 0 }`), "EINVAL");
  assert.equal((await flux.publish("t".repeat(1024))).seq, 1);
  await rejects(flux.subscribe(long).ready, "EINVAL", "prefix of 1025 bytes is over the limit of 1024");
  await flux.subscribe("é".repeat(512)).ready;
  const { error } = await drain(flux.subscribe(long, { since: "begin" }));
  assert.deepEqual([error?.code, error?.text], ["EINVAL", "prefix of 1025 bytes is over the limit of 1024"]);
});

test("the limits are options", async () => {
  await using instance = await TestInstance.start({
    maxTopicBytes: 2000,
    maxRoutes: 300,
    maxRouteBytes: 65_536,
  });
  const flux = await instance.connect();
  await using events = flux.subscribe("t".repeat(1500));
  await events.ready;
  await flux.publish("t".repeat(2000));
  assert.equal((await events.next()).value?.topic.length, 2000);
  await rejects(flux.publish("t".repeat(2001)), "EINVAL");
  await using raw = await RawClient.connect(instance.uri);
  const routes = Array(300).fill("r".repeat(200));
  assert.equal(
    (await raw.ask(Message.request({ topic: "broker.ping", payload: EMPTY_OBJECT, matchtag: 1, routes })))
      .errnum,
    0,
  );
});

test("names of services and groups are limited", async () => {
  await using instance = await TestInstance.start();
  const flux = await instance.connect();
  await rejects(flux.serve("é".repeat(128), {}), "EINVAL");
  await using _service = await flux.serve("s".repeat(255), {});
  for (const method of ["join", "leave", "get"])
    await rejects(
      flux.rpc(`groups.${method}`, { name: "g".repeat(1025) }),
      "EINVAL",
      "name of a group is over the limit of 1024 bytes",
    );
  await flux.rpc("groups.join", { name: "g".repeat(1024) });
});

test("what comes from another rank passes, whatever its topic", async () => {
  await using broker = Broker.create({ size: 2 });
  const answers: Message[] = [];
  const downlink = broker.attach({
    toRank: () => false,
    toParent: () => false,
    toChildren() {},
    respond: (response) => answers.push(response) > 0,
  });
  const flux = broker.connect();
  await using events = flux.subscribe("");
  await events.ready;
  const topic = "t".repeat(5000);
  downlink.publish(Message.event({ topic, userid: OWNER, rolemask: Role.OWNER }));
  downlink.publish(Message.event({ topic: "next", userid: OWNER, rolemask: Role.OWNER }));
  assert.equal((await events.next()).value?.topic, topic);
  assert.equal((await events.next()).value?.message.seq, 2);
  broker.addService("echo", { [topic]: () => ({ n: 1 }) });
  const fields = { matchtag: 1, userid: OWNER, rolemask: Role.OWNER };
  const routes = Array(1000).fill("r".repeat(100));
  downlink.request(Message.request({ topic: `echo.${topic}`, routes, ...fields }));
  await until(() => answers.length === 1, "the answer");
  assert.deepEqual([answers[0]!.errnum, answers[0]!.routes], [0, routes]);
  await flux.close();
});
