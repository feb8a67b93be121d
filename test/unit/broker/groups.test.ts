import assert from "node:assert/strict";
import { test } from "node:test";
import { Groups, type GroupsOptions } from "../../../src/broker/index.ts";
import { Message, MessageFlag, Role, textPayload } from "../../../src/message/index.ts";
import { TestInstance } from "../../../src/testing/index.ts";
import { rejects } from "../../helpers/rejects.ts";
import { until } from "../../helpers/until.ts";
import { GUEST, OWNER, Users } from "../../helpers/users.ts";

const g = { name: "g" };

test("a client makes its rank a member until it leaves", async () => {
  await using instance = await TestInstance.start();
  const flux = await instance.connect();
  assert.deepEqual(await flux.rpc("groups.get", g), { members: "" });
  await flux.rpc("groups.join", g);
  assert.deepEqual(await flux.rpc("groups.get", g), { members: "0" });
  await rejects(flux.rpc("groups.join", g), "EEXIST", "rank 0 is already a member of g");
  assert.deepEqual(await flux.rpc("groups.stats-get"), { subtree: { g: "0" } });
  await flux.rpc("groups.leave", g);
  await rejects(flux.rpc("groups.leave", g), "ENOENT", "rank 0 is not a member of g");
  assert.deepEqual(await flux.rpc("groups.stats-get"), { subtree: {} });
});

test("who disconnects has left, and others have not", async () => {
  await using instance = await TestInstance.start();
  const [flux, other] = [await instance.connect(), await instance.connect()];
  await flux.rpc("groups.join", g);
  await other.rpc("groups.join", { name: "h" });
  await other.close();
  await until(() => instance.broker.groups.members("h").length === 0, "h is empty");
  assert.deepEqual(instance.broker.groups.members("g"), [0]);
});

test("a group can be watched", async () => {
  await using instance = await TestInstance.start();
  const [flux, watcher] = [await instance.connect(), await instance.connect()];
  await using watch = watcher.stream("groups.get", g);
  const next = async (): Promise<unknown> => (await watch.next()).value?.["members"];
  assert.equal(await next(), "");
  await flux.rpc("groups.join", g);
  assert.equal(await next(), "0");
  await flux.rpc("groups.leave", g);
  assert.equal(await next(), "");
  await watch.return();
  await until(async () => Object.keys(await subtree()).length === 0, "nobody watches");

  async function subtree(): Promise<object> {
    return (await flux.rpc("groups.stats-get"))["subtree"] as object;
  }
});

test("who watches a group but wants no response is not kept", async () => {
  await using instance = await TestInstance.start();
  const flux = await instance.connect();
  const payload = textPayload(JSON.stringify(g));
  const flags = MessageFlag.STREAMING | MessageFlag.NORESPONSE;
  flux.send(Message.request({ topic: "groups.get", payload, flags }));
  assert.deepEqual(await flux.rpc("groups.stats-get"), { subtree: {} });
});

test("a guest may look, and is forgotten when it goes", async () => {
  await using users = await Users.start();
  const { groups } = users.instance.broker;
  const guest = await users.connect(GUEST);
  await rejects(guest.rpc("groups.join", g), "EPERM", "Request requires owner credentials");
  const watch = guest.stream("groups.get", g);
  assert.deepEqual((await watch.next()).value, { members: "" });
  const stats = async (): Promise<unknown> => (await guest.rpc("groups.stats-get"))["subtree"];
  // What guests look at is not told to others.
  assert.deepEqual(await stats(), {});
  assert.equal(users.instance.broker.builtins.active, 1);
  await guest.close();
  const owner = await users.connect(OWNER);
  await until(() => users.instance.broker.builtins.active === 0, "its request is gone");
  assert.deepEqual(await owner.rpc("groups.stats-get"), { subtree: {} });
  groups.join("g");
  assert.deepEqual(groups.members("g"), [0]);
});

test("only clients of the broker itself join and leave", async () => {
  await using instance = await TestInstance.start();
  const remote = await instance.connect({ rolemask: Role.OWNER });
  for (const method of ["join", "leave"]) {
    const refusal = `groups.${method} is restricted to the local broker`;
    await rejects(remote.rpc(`groups.${method}`, g), "EPROTO", refusal);
  }
});

test("malformed requests", async () => {
  await using instance = await TestInstance.start();
  const flux = await instance.connect();
  for (const method of ["join", "leave", "get"]) {
    await rejects(flux.rpc(`groups.${method}`), "EPROTO", null);
    await rejects(flux.rpc(`groups.${method}`, { name: 1 }), "EPROTO", null);
  }
  const updates = [undefined, { update: { foo: 42 } }, { update: [] }, { update: { g: [{ ranks: "1-" }] } }];
  for (const payload of updates) await flux.rpc("groups.update", payload, { noResponse: true });
  await flux.rpc("groups.update", { update: { g: [{ ranks: "1-3", set: true }] } }, { noResponse: true });
  assert.deepEqual(await flux.rpc("groups.get", g), { members: "1-3" });
  const complaints: string[] = [];
  for await (const { text } of flux.callStream("log.dmesg", { follow: false })) complaints.push(text ?? "");
  assert.equal(complaints.length, updates.length);
  for (const line of complaints) assert.match(line, / groups .*error decoding groups\.update request: /);
});

/** Groups of a broker that is no broker, and what they passed on and logged. */
function groupsOf(options: Partial<GroupsOptions>) {
  const passed: unknown[] = [];
  const changes: string[] = [];
  const groups = new Groups({
    rank: 0,
    log: (level, text) => changes.push(`${level} ${text}`),
    toParent: (payload) => passed.push(payload["update"]),
    ...options,
  });
  groups.onChange((name, members) => changes.push(`${name}=${members.join(" ")}`));
  return { groups, passed, changes };
}

test("updates are collected, joined where they agree, applied and passed on", () => {
  const { groups, passed, changes } = groupsOf({ rank: 2 });
  groups.join("a");
  groups.set("a", [6, 5], true);
  groups.set("b", [5], true);
  groups.set("b", [5], false);
  assert.deepEqual([passed, groups.members("a")], [[], []]);
  groups.flush();
  assert.deepEqual(passed, [
    {
      a: [{ ranks: "2,5-6", set: true }],
      b: [
        { ranks: "5", set: true },
        { ranks: "5", set: false },
      ],
    },
  ]);
  assert.deepEqual(changes, ["a=2 5 6", "b="]);
  groups.flush();
  assert.equal(passed.length, 1);
  groups.stop();
});

test("what is known of ranks is not said again, though it is not applied yet", () => {
  const { groups, passed } = groupsOf({ rank: 2 });
  groups.set("a", [5, 6], false);
  groups.set("a", [5], true);
  groups.set("a", [5, 6], true);
  groups.set("a", [6], false);
  groups.flush();
  groups.set("a", [5], true);
  groups.set("a", [6], false);
  groups.flush();
  const said = [
    { ranks: "5", set: true },
    { ranks: "6", set: true },
    { ranks: "6", set: false },
  ];
  assert.deepEqual([passed, groups.members("a")], [[{ a: said }], [5]]);
});

test("they are collected for a while only", async () => {
  const { groups } = groupsOf({ batchMs: 20 });
  groups.join("a");
  assert.deepEqual(groups.members("a"), []);
  await until(() => groups.members("a").length === 1, "applied");
});

test("ranks that are lost leave all groups", () => {
  const { groups, passed } = groupsOf({ batchMs: 0 });
  groups.join("broker.online");
  groups.set("broker.online", [1, 3, 4], true);
  groups.set("broker.torpid", [3], true);
  passed.length = 0;
  groups.lose([1, 3, 7]);
  assert.deepEqual([...groups.members("broker.online"), ...groups.members("broker.torpid")], [0, 4]);
  assert.deepEqual(passed, [
    { "broker.online": [{ ranks: "1,3", set: false }] },
    { "broker.torpid": [{ ranks: "3", set: false }] },
  ]);
});

test("who no longer wants to know is not told", () => {
  const { groups } = groupsOf({ batchMs: 0 });
  const seen: string[] = [];
  const forget = groups.onChange((name) => seen.push(name));
  groups.join("a");
  forget();
  groups.leave("a");
  assert.deepEqual(seen, ["a"]);
});

test("other ranks than 0 don't tell who is in a group", async () => {
  await using instance = await TestInstance.start();
  const { groups } = groupsOf({ rank: 1 });
  instance.broker.addService("far", groups.methods);
  const flux = await instance.connect();
  await rejects(flux.rpc("far.get", g), "EPROTO", "this RPC is only available on rank 0");
});

test("a disconnect is for the requests of its sender only", async () => {
  await using instance = await TestInstance.start();
  const flux = await instance.connect();
  await flux.rpc("groups.join", g);
  const other = await instance.connect();
  other.send(Message.request({ topic: "groups.disconnect", flags: 4 }));
  await other.rpc("groups.get", g);
  assert.deepEqual(instance.broker.groups.members("g"), [0]);
});
