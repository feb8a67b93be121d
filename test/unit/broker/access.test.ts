import assert from "node:assert/strict";
import { test } from "node:test";
import { errno } from "../../../src/base/index.ts";
import type { NameDatabase } from "../../../src/broker/index.ts";
import { MAX_UNDECIDED } from "../../../src/broker/local-server.ts";
import { ConfigStore } from "../../../src/config/index.ts";
import type { JsonObject } from "../../../src/json/index.ts";
import { Role, USERID_UNKNOWN } from "../../../src/message/index.ts";
import type { TestInstanceOptions } from "../../../src/testing/index.ts";
import { rejects } from "../../helpers/rejects.ts";
import { until, within } from "../../helpers/until.ts";
import { GUEST, OWNER, Users } from "../../helpers/users.ts";

const GUEST_ROLES = Role.USER | Role.LOCAL;
const ADMIN_ROLES = GUEST_ROLES | Role.ADMIN;

/** Names in the place of the system's; `ask` sees each question first. */
function namesOf(ask: (question: string) => void | Promise<void> = () => {}): NameDatabase {
  const userids = new Map([
    ["ann", GUEST],
    ["bob", GUEST + 1],
  ]);
  return {
    async useridOf(name) {
      await ask(`user ${name}`);
      return userids.get(name);
    },
    async nameOf(userid) {
      await ask(`name ${userid}`);
      return [...userids].find(([, id]) => id === userid)?.[0];
    },
    async membersOf(group) {
      await ask(`group ${group}`);
      return group === "ops" ? new Set(["bob", "zoe"]) : undefined;
    },
  };
}

/** An instance with a configuration, and what its log got from connector-local. */
async function start(access: JsonObject, options: TestInstanceOptions = {}) {
  const lines: string[] = [];
  const store = new ConfigStore({ config: { access } });
  const users = await Users.start({
    config: store,
    onLog: ({ appname, level, message }) =>
      appname === "connector-local" && lines.push(`${level} ${message}`),
    ...options,
  });
  return { users, store, lines };
}

/** The roles a connection of `userid` has. */
async function rolesOf(users: Users, userid: number): Promise<number> {
  const flux = await users.connect(userid);
  const { rolemask } = await flux.ping();
  await flux.close();
  return rolemask;
}

test("the table [access] holds from the start, and each new one from its update on", async () => {
  const { users, store, lines } = await start({ "allow-guest-user": true });
  await using _users = users;
  const before = await users.connect(GUEST);
  assert.deepEqual(lines.splice(0), ["debug allow-guest-user=true", "debug allow-root-owner=false"]);
  await store.update({ access: {} });
  assert.deepEqual(lines.splice(0), ["debug allow-guest-user=false", "debug allow-root-owner=false"]);
  await rejects(users.connect(GUEST), "EPERM", null);
  assert.deepEqual(lines.splice(0), [`err client_authenticate: uid=${GUEST} no assigned roles`]);
  assert.equal((await before.ping()).rolemask, GUEST_ROLES, "connections that are there keep theirs");
  const refused = "error updating connector-local: error parsing [access] configuration: ";
  await rejects(
    store.update({ access: { "allow-guest-user": true, foo: 1 } }),
    "EINVAL",
    `${refused}1 object item(s) left unpacked: foo`,
  );
  await rejects(users.connect(GUEST), "EPERM");
  await store.update({ access: { "allow-guest-user": true } });
  assert.equal(await rolesOf(users, GUEST), GUEST_ROLES);
});

test("a broker does not start with a table that is none", async () => {
  await rejects(start({ roles: { operator: {} } }), "EINVAL", "unknown role 'operator' in [access.roles]");
});

test("the command line's say holds where the table is silent", async () => {
  const { users, store } = await start({}, { allowGuests: true });
  await using _users = users;
  assert.equal(await rolesOf(users, GUEST), GUEST_ROLES);
  await store.update({ access: { "allow-guest-user": false } });
  await rejects(users.connect(GUEST), "EPERM");
});

test("admins are guests whom the table names, or a group of it", async () => {
  const asked: string[] = [];
  const names = namesOf((question) => void asked.push(question));
  const roles = { admin: { users: ["nobody", "ann"], groups: ["none", "ops"] } };
  const { users, store, lines } = await start({ "allow-guest-user": true, roles }, { names });
  await using _users = users;
  lines.length = 0;
  assert.equal(await rolesOf(users, OWNER), Role.OWNER | Role.LOCAL);
  assert.deepEqual(asked.splice(0), [], "nobody looks up the owner");
  assert.equal(await rolesOf(users, GUEST), ADMIN_ROLES);
  assert.deepEqual(asked.splice(0), ["user nobody", "user ann"]);
  assert.deepEqual(lines.splice(0), ["warning [access.roles] ignoring unknown user 'nobody'"]);
  assert.equal(await rolesOf(users, GUEST + 1), ADMIN_ROLES);
  assert.equal(asked.splice(0).at(-1), "group ops");
  assert.equal(lines.splice(0).at(-1), "warning [access.roles] ignoring unknown group 'none'");
  assert.equal(await rolesOf(users, GUEST + 2), GUEST_ROLES, "one without a name is in no group");
  await store.update({ access: { "allow-guest-user": true } });
  assert.equal(await rolesOf(users, GUEST), GUEST_ROLES);
});

test("a lookup that fails gives nobody a role", async () => {
  const names = namesOf(async (question) => {
    if (question !== "user ann") throw new Error("no answer");
  });
  const roles = { admin: { users: ["bob", "ann"], groups: ["ops"] } };
  const { users, lines } = await start({ "allow-guest-user": true, roles }, { names });
  await using _users = users;
  lines.length = 0;
  assert.equal(await rolesOf(users, GUEST + 1), GUEST_ROLES);
  assert.deepEqual(lines.splice(0), [
    "warning [access.roles] lookup of user 'bob' failed: no answer",
    `warning [access.roles] lookup of user ${GUEST + 1} failed: no answer`,
  ]);
  assert.equal(await rolesOf(users, GUEST), ADMIN_ROLES);
});

test("who waits for a lookup keeps nobody waiting, and may go; the end of the broker is its end", async () => {
  const waiting: (() => void)[] = [];
  const names = namesOf((question) =>
    question === "user ann" ? new Promise<void>((resolve) => waiting.push(resolve)) : undefined,
  );
  const roles = { admin: { users: ["ann"] } };
  const { users } = await start({ "allow-guest-user": true, roles }, { names });
  await using _users = users;
  const slow = rolesOf(users, GUEST);
  await until(() => waiting.length === 1, "the lookup");
  assert.equal(await rolesOf(users, OWNER), Role.OWNER | Role.LOCAL);
  waiting[0]!();
  assert.equal(await slow, ADMIN_ROLES);
  const late = users.raw(GUEST).then(
    () => "admitted",
    () => "gone",
  );
  await until(() => waiting.length === 2, "the lookup");
  await users.instance.broker.stop();
  assert.equal(await within(late, "the end"), "gone");
  waiting[1]!();
});

test("guests are put off while too many wait for a lookup, and the owner gets in", async () => {
  const waiting: (() => void)[] = [];
  const names = namesOf(() => new Promise<void>((resolve) => waiting.push(resolve)));
  const roles = { admin: { users: ["ann"] } };
  const { users } = await start({ "allow-guest-user": true, roles }, { names });
  await using _users = users;
  const undecided = Array.from({ length: MAX_UNDECIDED }, () => users.raw(GUEST));
  await until(() => waiting.length === MAX_UNDECIDED, "the lookups");
  assert.equal((await users.raw(GUEST)).admission, errno.EAGAIN);
  assert.equal(await rolesOf(users, OWNER), Role.OWNER | Role.LOCAL);
  for (const resolve of waiting) resolve();
  for (const client of await Promise.all(undecided)) assert.equal(client.admission, 0);
});

test("connector-local.debug: bit 1 refuses one connection, bit 4 makes the owner's next one a guest's", async () => {
  const { users, lines } = await start({});
  await using _users = users;
  const owner = await users.connect(OWNER);
  lines.length = 0;
  const debug = (op: string, flags: number) => owner.rpc("connector-local.debug", { op, flags });
  assert.deepEqual(await debug("setbit", 1), { flags: 1 });
  await rejects(users.connect(OWNER), "EPERM", null);
  assert.deepEqual(lines, [`err connect by uid=${OWNER} denied by debug flag`]);
  assert.equal(await rolesOf(users, OWNER), Role.OWNER | Role.LOCAL);
  assert.deepEqual(await debug("set", 4), { flags: 4 });
  const nobody = await users.connect(OWNER);
  assert.deepEqual(await nobody.rpc("broker.ping", {}).then(({ userid, rolemask }) => [userid, rolemask]), [
    USERID_UNKNOWN | 0,
    Role.USER,
  ]);
  await rejects(nobody.rpc("connector-local.debug", { op: "clr", flags: 0 }), "EPERM");
  assert.deepEqual(await debug("setbit", 0), { flags: 0 });
  await rejects(debug("other", 1), "EPROTO");
});

test("connector-local tells what holds, and takes a table by request", async () => {
  const { users } = await start({ "allow-guest-user": true });
  await using _users = users;
  const owner = await users.connect(OWNER);
  const access = async () => {
    const stats = await owner.rpc("connector-local.stats-get");
    return [stats["allow_guest_user"], stats["allow_root_owner"]];
  };
  assert.deepEqual(await access(), [true, false]);
  await owner.rpc("connector-local.config-reload", { access: { "allow-root-owner": true } });
  assert.deepEqual(await access(), [false, true]);
  await rejects(owner.rpc("connector-local.config-sync", { access: { x: 1 } }), "EINVAL");
  const unpacking = "Error unpacking connector-local.config-reload request";
  await rejects(owner.rpc("connector-local.config-reload"), "EPROTO", unpacking);
  assert.deepEqual(await access(), [false, true]);
});
