import assert from "node:assert/strict";
import { mock, test } from "node:test";
import type { Flux, Request } from "../../../src/client/index.ts";
import { Message, Role, textPayload } from "../../../src/message/index.ts";
import { rejects } from "../../helpers/rejects.ts";
import { GUEST, OWNER, Users } from "../../helpers/users.ts";

const limits = { jsonBytes: 4000, jsonValues: 400, guestJsonBytes: 2000, guestJsonValues: 200 };

/** JSON of exactly so many values and, when they are given, bytes. */
function jsonOf(values: number, bytes?: number): string {
  const text = `{"a":[${"{},".repeat(values - 4)}0]`;
  const pad = bytes === undefined ? 0 : bytes - text.length - 1;
  return `${text}${" ".repeat(pad)}}`;
}

/** How many texts of so many bytes or more are parsed as JSON while `run` runs. */
async function parsings(bytes: number, run: () => Promise<unknown>): Promise<number> {
  const parse = mock.method(JSON, "parse");
  try {
    await run();
  } finally {
    parse.mock.restore();
  }
  return parse.mock.calls.filter(({ arguments: [text] }) => text.length >= bytes).length;
}

async function started(): Promise<{ users: Users; owner: Flux; guest: Flux }> {
  const users = await Users.start({ allowGuests: true, limits });
  return { users, owner: await users.connect(OWNER), guest: await users.connect(GUEST) };
}

test("a service parses JSON up to its limits, lower ones for guests", async () => {
  const { users, owner, guest } = await started();
  await using _ = users;
  for (const topic of ["broker.ping", "connector-local.ping"]) {
    await owner.call(topic, jsonOf(400, 4000));
    await guest.call(topic, jsonOf(200, 2000));
    await rejects(
      owner.call(topic, jsonOf(400, 4001)),
      "EMSGSIZE",
      "JSON of 4001 bytes is over the limit of 4000 bytes",
    );
    await rejects(
      owner.call(topic, jsonOf(401)),
      "EMSGSIZE",
      `JSON of ${jsonOf(401).length} bytes is over the limit of 400 values`,
    );
    await rejects(
      guest.call(topic, jsonOf(200, 2001)),
      "EMSGSIZE",
      "JSON of 2001 bytes is over the limit of 2000 bytes",
    );
    await rejects(
      guest.call(topic, jsonOf(201)),
      "EMSGSIZE",
      `JSON of ${jsonOf(201).length} bytes is over the limit of 200 values`,
    );
  }
});

test("a request over the limits is refused without being parsed, whatever its method does with an error", async () => {
  const { users, owner } = await started();
  await using _ = users;
  const large = jsonOf(4, 100_000);
  const topics = [
    "broker.ping",
    "attr.get",
    "broker.rusage",
    "broker.getenv",
    "module.status",
    "module.trace",
    "connector-local.config-reload",
  ];
  const count = await parsings(90_000, async () => {
    for (const topic of topics) await rejects(owner.stream(topic, large).next(), "EMSGSIZE");
  });
  assert.equal(count, 0);
  assert.ok((await parsings(1000, () => owner.call("broker.ping", jsonOf(4, 1000)))) > 0);
});

test("subscriptions and services: 64 KiB, for the owner too", async () => {
  await using users = await Users.start();
  const owner = await users.connect(OWNER);
  for (const [topic, field] of [
    ["event.subscribe", "topic"],
    ["event.unsubscribe", "topic"],
    ["service.add", "service"],
    ["service.remove", "service"],
  ] as const) {
    const text = (bytes: number) => `{"${field}":"x"${" ".repeat(bytes - field.length - 8)}}`;
    await owner
      .call(topic, text(65_536))
      .catch((error: { code: string }) => assert.notEqual(error.code, "EMSGSIZE"));
    await rejects(
      owner.call(topic, text(65_537)),
      "EMSGSIZE",
      "JSON of 65537 bytes is over the limit of 65536 bytes",
    );
  }
});

test("a publication as clients write it may be as large as a frame; any other JSON has the limits of a guest", async () => {
  const { users, owner, guest } = await started();
  await using _ = users;
  const published = (topic: string, payload: string) =>
    `{"topic":"${topic}","flags":0,"payload":"${payload}"}`;
  const large = "AAAA".repeat(20_000);
  await guest.call("event.publish", published("a", large));
  await owner.call("event.publish", published("a", large));
  const spaced = ` ${published("a", large)}`;
  await owner.call("event.publish", spaced);
  const text = `JSON of ${spaced.length} bytes is over the limit of 2000 bytes`;
  await rejects(guest.call("event.publish", spaced), "EMSGSIZE", text);
  await guest.call("event.publish", ` ${published("a", "AAAA")}`);
  for (const flux of [owner, guest])
    await rejects(flux.call("event.publish", `[${"{},".repeat(1000)}0]`), "EMSGSIZE");
});

test("the topic of a publication has 1,024 bytes at most, and is not read on", async () => {
  await using users = await Users.start();
  const guest = await users.connect(GUEST);
  const published = (topic: string) => `{"topic":"${topic}","flags":0}`;
  await guest.call("event.publish", published("t".repeat(1024)));
  await guest.call("event.publish", published("é".repeat(512)));
  const text = "topic is over the limit of 1024 bytes";
  for (const topic of ["t".repeat(1025), "t".repeat(10_000_000), "é".repeat(513), `\\n${"t".repeat(1024)}`])
    await rejects(guest.call("event.publish", published(topic)), "EINVAL", text);
  await rejects(guest.call("event.publish", `{"topic":"a","flags":${"1".repeat(1_000_000)}}`), "EPROTO");
});

test("the limits of a handle's services", async () => {
  await using users = await Users.start();
  const server = await users.connect(OWNER, { limits });
  let served = 0;
  const serve = (read: (request: Request) => unknown) => ({
    request(request: Request) {
      read(request);
      served++;
      request.respond();
    },
    allow: Role.ALL,
  });
  await server.serve("svc", {
    method: {
      allow: Role.ALL,
      answer: (body) => {
        served++;
        return { size: Object.keys(body).length };
      },
    },
    unpack: serve((request) => request.unpack("{s:o}", "a")),
    json: serve((request) => request.json()),
    raw: serve((request) => assert.ok(request.text !== undefined && request.payload !== undefined)),
  });
  const [owner, guest] = [await users.connect(OWNER), await users.connect(GUEST)];
  for (const method of ["method", "unpack", "json"]) {
    await owner.call(`svc.${method}`, jsonOf(400, 4000));
    await guest.call(`svc.${method}`, jsonOf(200, 2000));
    await rejects(owner.call(`svc.${method}`, jsonOf(401)), "EMSGSIZE");
    await rejects(guest.call(`svc.${method}`, jsonOf(4, 2001)), "EMSGSIZE");
  }
  assert.equal(served, 6);
  await guest.call("svc.raw", jsonOf(10_000, 100_000));
});

test("limits are whole numbers from 1 on", async () => {
  for (const jsonBytes of [0, -1, 1.5, Number.NaN, 2 ** 32])
    await rejects(Users.start({ limits: { jsonBytes } }), "EINVAL");
});

test("a text of a request that an error repeats is short", async () => {
  await using users = await Users.start();
  const guest = await users.connect(GUEST);
  const long = "x".repeat(100_000);
  for (const [topic, payload] of [
    ["broker.rusage", { who: long }],
    ["broker.conf-builtin", { keys: [long] }],
    ["broker.x", undefined],
  ] as const) {
    await using raw = await users.raw(GUEST);
    const name = topic === "broker.x" ? `broker.${"x".repeat(900)}` : topic;
    const text = payload === undefined ? undefined : textPayload(JSON.stringify(payload));
    const response = await raw.ask(
      Message.request({ topic: name, matchtag: 1, ...(text && { payload: text }) }),
    );
    assert.ok(response.errnum !== 0 && response.payloadBytes < 300, topic);
  }
  assert.equal((await guest.ping()).userid, GUEST);
});
