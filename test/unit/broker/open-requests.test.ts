import assert from "node:assert/strict";
import { test } from "node:test";
import { Message, MessageFlag, textPayload } from "../../../src/message/index.ts";
import { until, within } from "../../helpers/until.ts";
import { GUEST, OWNER, Users } from "../../helpers/users.ts";

const { NORESPONSE, STREAMING } = MessageFlag;
const BOUND_MS = 30_000;

/** A request to groups.get that follows. */
function follow(name: string, matchtag: number): Message {
  return Message.request({
    topic: "groups.get",
    matchtag,
    flags: STREAMING,
    payload: textPayload(JSON.stringify({ name })),
  });
}

test("a disconnect request is answered if it wants that, and kept in no case", async () => {
  await using users = await Users.start();
  const { builtins } = users.instance.broker;
  await using guest = await users.raw(GUEST);
  const topics = builtins.topics.map((topic) => topic.replace(/[^.]+$/, "disconnect"));
  for (const topic of new Set([...topics, "groups.disconnect"])) {
    for (let matchtag = 1; matchtag <= 5; matchtag++)
      guest.send(Message.request({ topic, matchtag, payload: new Uint8Array(50_000) }));
    guest.send(Message.request({ topic, flags: NORESPONSE, payload: new Uint8Array(50_000) }));
    for (let matchtag = 1; matchtag <= 5; matchtag++) {
      const answer = await guest.next(topic);
      assert.deepEqual([answer.matchtag, answer.errnum], [matchtag, 0], topic);
    }
    assert.equal(builtins.active, 0, topic);
  }
});

test("a guest may follow 20,000 groups, and one group 20,000 times; when it leaves nothing is left", async () => {
  await using users = await Users.start();
  const { broker } = users.instance;
  for (const name of [(i: number) => `group-of-its-own-${i}`, () => "g"]) {
    const guest = await users.raw(GUEST);
    const frames = Array.from({ length: 20_000 }, (_, i) => follow(name(i), i + 1).encode());
    guest.send(Buffer.concat(frames));
    await until(() => guest.unread === 20_000, "the answers", BOUND_MS);
    assert.equal(broker.builtins.active, 20_000);
    broker.groups.join("g");
    broker.groups.flush();
    const told = name(0) === "g" ? 20_000 : 0;
    await until(() => guest.unread === 20_000 + told, "the change", BOUND_MS);
    const owner = await users.connect(OWNER);
    await guest.close();
    await until(() => broker.builtins.active === 0, "its end", BOUND_MS);
    assert.deepEqual(await owner.rpc("groups.stats-get"), { subtree: { g: "0" } });
    broker.groups.leave("g");
    broker.groups.flush();
  }
});

test("who is told late is told what holds then, and everybody is told", async () => {
  await using users = await Users.start();
  const { broker } = users.instance;
  await using guest = await users.raw(GUEST);
  const count = 10_000;
  guest.send(Buffer.concat(Array.from({ length: count }, (_, i) => follow("g", i + 1).encode())));
  await until(() => guest.unread === count, "the answers", BOUND_MS);
  const last = new Map<number, string | undefined>();
  for (let i = 0; i < 5; i++) {
    broker.groups.join("g");
    broker.groups.flush();
    broker.groups.leave("g");
    broker.groups.flush();
  }
  broker.groups.join("g");
  broker.groups.flush();
  const isTold = async (): Promise<boolean> => {
    while (guest.unread > 0) {
      const { matchtag, text } = await guest.next();
      last.set(matchtag, text);
    }
    return last.size === count && [...last.values()].every((text) => text === '{"members":"0"}');
  };
  await within(until(isTold, "the last change", BOUND_MS), "all", BOUND_MS);
});
