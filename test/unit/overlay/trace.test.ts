import assert from "node:assert/strict";
import { test } from "node:test";
import { errno } from "../../../src/base/index.ts";
import type { JsonObject } from "../../../src/json/index.ts";
import { Message, MessageFlag, Role } from "../../../src/message/index.ts";
import { TestTree } from "../../helpers/overlay-tree.ts";
import { until } from "../../helpers/until.ts";

const { NORESPONSE, STREAMING } = MessageFlag;
const ALL = { typemask: 0, topic_glob: "*", nodeid: -1 };

function line({ prefix, rank, topic, type }: JsonObject): string {
  return `${prefix} ${rank} ${topic} ${type}`;
}

test("a trace shows what goes to neighbours and comes from them", async () => {
  await using tree = new TestTree("kary:2", 3);
  const root = await tree.start(0);
  root.send("overlay.trace", 0, { flags: STREAMING, payload: ALL });
  await tree.start(1);
  await until(() => root.overlay.onlineChildren.length === 1, "a child");
  root.send("test.ping", 1, { payload: { seq: 1 } });
  await until(() => tree.rank(1).requests.length === 1, "the request");
  tree.rank(1).answer({ seq: 1 });
  await until(() => root.answers.length === 5, "the response");
  root.publish(Message.event({ topic: "e.x", rolemask: Role.OWNER }));
  root.send("overlay.disconnect-subtree", 0, { payload: { rank: 1 }, sender: "other" });
  const lines = root.answers.filter(({ prefix }) => prefix !== undefined).map(line);
  assert.deepEqual(lines, [
    "rx 1 overlay.hello 1",
    "tx 1 overlay.hello 2",
    "tx 1 test.ping 1",
    "rx 1 test.ping 2",
    "tx -1 e.x 4",
    "tx 1 disconnect 0 8",
  ]);
  const request = root.answers.find(({ topic }) => topic === "test.ping")!;
  assert.equal(typeof request["timestamp"], "number");
  const { name, payload, payload_size, errnum, errstr } = request;
  assert.deepEqual([name, payload, payload_size, errnum, errstr], [null, null, 10, 0, ""]);
});

test("a trace picks types, topics and neighbours, and shows payloads and errors on demand", async () => {
  await using tree = await TestTree.open("kary:2", 3);
  const root = tree.rank(0);
  const follow = (sender: string, payload: JsonObject) =>
    root.send("overlay.trace", 0, { flags: STREAMING, sender, payload: { ...ALL, ...payload } });
  follow("types", { typemask: 2 });
  follow("topics", { topic_glob: "test.b*" });
  follow("ranks", { nodeid: 2 });
  follow("full", { full: true });
  for (const [topic, rank] of [
    ["test.a", 1],
    ["test.b", 2],
  ] as const) {
    root.send(topic, rank, { payload: { rank } });
    await until(() => tree.rank(rank).requests.length === 1, "the request");
  }
  tree.rank(2).answer(undefined, undefined, errno.EPERM);
  tree.rank(1).answer({ ok: true });
  await until(() => root.responses.filter(({ topic }) => topic?.startsWith("test.")).length === 2, "answers");
  root.publish(Message.event({ topic: "e.x", rolemask: Role.OWNER }));
  const of = (sender: string) =>
    root.responses
      .filter(({ topic, routes }) => topic === "overlay.trace" && routes?.[0] === sender)
      .map((response) => JSON.parse(response.text!) as JsonObject);
  assert.deepEqual(of("types").map(line).sort(), ["rx 1 test.a 2", "rx 2 test.b 2"]);
  assert.deepEqual(of("topics").map(line), ["tx 2 test.b 1", "rx 2 test.b 2"]);
  assert.deepEqual(of("ranks").map(line), ["tx 2 test.b 1", "rx 2 test.b 2", "tx -1 e.x 4"]);
  const full = of("full");
  assert.equal(full.length, 5);
  assert.deepEqual(full[0]!["payload"], { rank: 1 });
  const error = full.find(({ errnum }) => errnum !== 0)!;
  assert.deepEqual([error["errnum"], error["payload"], error["payload_size"]], [errno.EPERM, null, 0]);
});

test("a trace ends when its sender leaves; one that is no stream is refused", async () => {
  await using tree = await TestTree.open("kary:2", 3);
  const root = tree.rank(0);
  root.send("overlay.trace", 0, { payload: ALL });
  assert.equal(root.responses.pop()!.errnum, errno.EPROTO);
  root.send("overlay.trace", 0, { payload: { typemask: 0 }, flags: STREAMING });
  assert.equal(root.responses.pop()!.errnum, errno.EPROTO);
  root.send("overlay.trace", 0, { payload: ALL, flags: STREAMING });
  root.publish(Message.event({ topic: "e.x" }));
  assert.equal(root.responses.length, 1);
  root.send("overlay.disconnect", 0, { flags: NORESPONSE, matchtag: 0 });
  const isUnseen = (): boolean => {
    const before = root.responses.length;
    root.publish(Message.event({ topic: "e.y" }));
    return root.responses.length === before;
  };
  await until(isUnseen, "the end of the trace");
});
