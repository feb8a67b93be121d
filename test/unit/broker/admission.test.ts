import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, copyFileSync, existsSync, statSync, writeFileSync } from "node:fs";
import { chmod } from "node:fs/promises";
import { createServer, connect as dial, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { Broker, connectionCredential } from "../../../src/broker/index.ts";
import { connect } from "../../../src/connect/index.ts";
import { Role } from "../../../src/message/index.ts";
import { loadPeerCredentials } from "../../../src/system/index.ts";
import { TestInstance } from "../../../src/testing/index.ts";
import { RawClient } from "../../helpers/raw-client.ts";
import { rejects } from "../../helpers/rejects.ts";
import { TemporaryFolder } from "../../helpers/temporary-folder.ts";
import { within } from "../../helpers/until.ts";
import { GUEST, OWNER, Users } from "../../helpers/users.ts";

const OWNS = Role.OWNER | Role.LOCAL;

/** A temporary folder of that mode. */
async function folder(mode: number): Promise<TemporaryFolder> {
  const made = await TemporaryFolder.make();
  await chmod(made.path, mode);
  return made;
}

test("the credential of a connection by its user id", () => {
  const table = [
    [1000, {}, { userid: 1000, rolemask: OWNS }],
    [1001, {}, undefined],
    [0, {}, undefined],
    [0, { allowRootOwner: true }, { userid: 0, rolemask: OWNS }],
    [0, { allowGuests: true }, { userid: 0, rolemask: Role.USER | Role.LOCAL }],
    [0, { allowGuests: true, allowRootOwner: true }, { userid: 0, rolemask: OWNS }],
    [1001, { allowGuests: true }, { userid: 1001, rolemask: Role.USER | Role.LOCAL }],
    [1001, { allowRootOwner: true }, undefined],
  ] as const;
  for (const [userid, access, credential] of table)
    assert.deepEqual(connectionCredential(userid, { owner: 1000, ...access }), credential, `${userid}`);
});

test("a user that is not let in gets the byte EPERM and the end, and the log says who", async () => {
  const lines: string[] = [];
  await using users = await Users.start({ onLog: ({ level, message }) => lines.push(`${level} ${message}`) });
  await using stranger = await users.raw(GUEST);
  assert.equal(stranger.admission, 1);
  await within(stranger.ended, "the end");
  await rejects(users.connect(GUEST), "EPERM", null);
  assert.equal(lines[0], `err client_authenticate: uid=${GUEST} no assigned roles`);
  await using owner = await users.raw(OWNER);
  assert.equal(owner.admission, 0);
  assert.equal(users.instance.broker.stats.clients, 1);
});

test("who can't be identified is not let in", async () => {
  const lines: string[] = [];
  await using instance = await TestInstance.start({
    readPeer: () => undefined,
    onLog: ({ message }) => lines.push(message),
  });
  await using raw = await RawClient.connect(instance.uri);
  assert.equal(raw.admission, 1);
  assert.deepEqual(lines, ["client_authenticate: uid=unknown its credentials can't be read"]);
});

test("without peer credentials the directory must be private, and who gets in is the owner", async () => {
  await using open = await folder(0o755);
  await using closed = await folder(0o700);
  const socketPath = join(open.path, "local");
  const error = await rejects(Broker.start({ socketPath, readPeer: null }), "EPERM");
  assert.match(error.message, /is open to other users and peer credentials can't be read/);
  assert.equal(existsSync(socketPath), false);
  await using broker = await Broker.start({ socketPath: join(closed.path, "local"), readPeer: null });
  await using flux = await connect(broker.uri, { env: {} });
  const { userid, rolemask } = await flux.ping();
  assert.deepEqual([userid, rolemask], [OWNER, OWNS]);
  await rejects(Broker.start({ socketPath: join(closed.path, "no", "local"), readPeer: null }), "ENOENT");
});

test("the kernel says who is at the other end", async () => {
  const readPeer = loadPeerCredentials();
  assert.equal(readPeer === undefined, process.platform !== "linux");
  if (readPeer === undefined) return;
  await using place = await folder(0o700);
  const server = createServer();
  server.listen(join(place.path, "socket"));
  await once(server, "listening");
  const client = dial(join(place.path, "socket"));
  const [socket] = (await once(server, "connection")) as [Socket];
  assert.deepEqual(readPeer(socket), { pid: process.pid, userid: OWNER });
  client.destroy();
  socket.destroy();
  assert.equal(readPeer(socket), undefined, "a closed socket has no peer");
  server.close();
  await once(server, "close");
});

/** Connects to argv[1] and prints the admission byte. */
const VISITOR = `require("node:net").connect(process.argv[1]).once("data", (chunk) => {
  console.log(chunk[0]);
  process.exit();
}).once("error", (error) => { console.log(error.code); process.exit(); });`;

/** What a process of its own gets when it connects: as another user where this one may become one. */
async function visit(
  uri: string,
  userid: number | undefined,
  node = process.execPath,
): Promise<{ said: string; pid: number }> {
  const child = spawn(node, ["-e", VISITOR, uri.slice("local://".length)], {
    cwd: "/",
    stdio: ["ignore", "pipe", "inherit"],
    ...(userid === undefined ? {} : { uid: userid, gid: userid }),
  });
  let said = "";
  child.stdout.on("data", (chunk) => {
    said += chunk;
  });
  await within(once(child, "close"), "the end of the process", 20_000);
  return { said: said.trim(), pid: child.pid! };
}

test("a process of another user is refused by what the kernel says", async () => {
  const lines: string[] = [];
  await using instance = await TestInstance.start({ onLog: ({ message }) => lines.push(message) });
  chmodSync(dirname(instance.uri.slice("local://".length)), 0o711);
  assert.equal((await visit(instance.uri, undefined)).said, "0");
  // Only root can start a process of another user.
  if (OWNER !== 0) return;
  // This Node may lie where the other user can't get at it.
  await using place = await folder(0o755);
  const node = join(place.path, "node");
  copyFileSync(process.execPath, node);
  chmodSync(node, 0o755);
  assert.equal((await visit(instance.uri, 65534, node)).said, "1");
  assert.deepEqual(lines, ["client_authenticate: uid=65534 no assigned roles"]);
});

test("the socket: open to all by its mode, gone with the broker, put in place of a dead one", async () => {
  await using place = await folder(0o700);
  const socketPath = join(place.path, "local");
  const broker = await Broker.start({ socketPath });
  assert.equal(statSync(socketPath).mode & 0o777, 0o777);
  await broker.stop();
  await broker.stop();
  assert.equal(existsSync(socketPath), false);
  const script = `require("node:net").createServer().listen(${JSON.stringify(socketPath)}, () => process.kill(process.pid, "SIGKILL"))`;
  await once(spawn(process.execPath, ["-e", script]), "exit");
  assert(statSync(socketPath).isSocket(), "a dead socket is in the way");
  await using again = await Broker.start({ socketPath });
  await using flux = await connect(again.uri, { env: {} });
  assert.equal(await flux.rank(), 0);
});

test("paths that can't be listened on", async () => {
  await using place = await folder(0o700);
  const file = join(place.path, "file");
  writeFileSync(file, "");
  await rejects(Broker.start({ socketPath: file }), "EADDRINUSE");
  await rejects(Broker.start({ socketPath: join(place.path, "x".repeat(100)) }), "EINVAL");
  await rejects(Broker.start({ socketPath: join(place.path, "no", "local") }), "ENOENT");
});

test("a broker without a socket serves its own process until it stops", async () => {
  const broker = await Broker.start();
  assert.equal(broker.uri, undefined);
  const flux = broker.connect();
  assert.equal((await flux.publish("a")).seq, 1);
  await broker.stop();
  assert.equal(flux.status, "closed");
  assert.throws(() => broker.connect(), { code: "ECONNREFUSED" });
});
