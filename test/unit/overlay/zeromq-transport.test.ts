import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { access } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { Context, curveKeyPair, Dealer } from "zeromq";
import { ZeroMqTransport } from "../../../src/overlay/zeromq-transport.ts";
import { rejects } from "../../helpers/rejects.ts";
import { curveGreeting, openSockets } from "../../helpers/stranger.ts";
import { frames, numbers, TestChild, TestServer, TRANSPORT_KINDS } from "../../helpers/tree-transport.ts";
import { until, within } from "../../helpers/until.ts";

const openKind = TRANSPORT_KINDS["zeromq ipc"]!;
const HANDLERS = { receive: () => {}, unreachable: () => {} };
/** A line about a connection that never got through its handshake. */
const REFUSED = /^child sockevent \S+ (handshake:error:\w+: \w+|disconnect: before the handshake)$/;

test("a client without CURVE reaches nobody and leaves a line in the log", async () => {
  await using kind = await openKind();
  const lines: string[] = [];
  await using parent = await kind.open({ log: (_level, text) => lines.push(text) });
  const server = await TestServer.listen(parent, kind.uri());
  const plain = new Dealer({ context: new Context(), routingId: "plain", linger: 0 });
  try {
    plain.connect(server.uri);
    await plain.send(["", "let me in"]);
    await until(() => lines.some((line) => REFUSED.test(line)), "a line in the log");
    server.server.send("plain", frames("hush"));
    await until(() => server.unreachable.length === 1, "report about the client");
    assert.deepEqual(server.received, []);
  } finally {
    plain.close();
  }
});

test("garbage on the port and a connection that says nothing disturb nobody", async () => {
  const lines: string[] = [];
  await using kind = await TRANSPORT_KINDS["zeromq tcp"]!();
  await using parent = await kind.open({ log: (_level, text) => lines.push(text) });
  const server = await TestServer.listen(parent, kind.uri());
  await using child = await TestChild.join(kind, parent, server, "child");
  const port = Number(server.uri.split(":").at(-1));
  const sockets: Socket[] = [];
  try {
    const open = async (): Promise<Socket> => {
      const socket = connect(port, "127.0.0.1");
      sockets.push(socket);
      socket.on("error", () => {});
      socket.resume();
      await once(socket, "connect");
      return socket;
    };
    await open();
    const garbage = await open();
    garbage.write(Buffer.alloc(4096, "GET / HTTP/1.1\r\n"));
    // Cut off, with or without a reset.
    await until(() => garbage.closed, "the end of the connection with garbage");
    await until(() => lines.some((line) => REFUSED.test(line)), "a line in the log");
    child.link.send(frames("up"));
    server.server.send("child", frames("down"));
    await until(() => server.received.length === 1 && child.received.length === 1, "messages");
  } finally {
    for (const socket of sockets) socket.destroy();
  }
});

test("a connection that says nothing is cut off, and leaves a line in the log", async () => {
  const lines: string[] = [];
  await using kind = await TRANSPORT_KINDS["zeromq tcp"]!();
  const log = (_level: string, text: string) => lines.push(text);
  await using parent = await kind.open({ log, handshakeTimeoutMs: 100 });
  const server = await TestServer.listen(parent, kind.uri());
  await using child = await TestChild.join(kind, parent, server, "child");
  const sockets = await openSockets(server.uri, 10);
  sockets.push(...(await openSockets(server.uri, 10, curveGreeting())));
  try {
    await until(() => sockets.every((socket) => socket.closed), "the end of the connections");
    await until(() => lines.some((line) => REFUSED.test(line)), "a line in the log");
    server.server.send("child", frames("still there?"));
    await until(() => child.texts().includes("still there?"), "the other's message");
    assert.deepEqual([server.unreachable, child.lost], [[], 0]);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
});

test("a peer that reads nothing holds up neither the others nor the broker", async () => {
  await using kind = await openKind();
  await using parent = await kind.open({ maxQueuedBytes: 20_000_000 });
  const server = await TestServer.listen(parent, kind.uri());
  await using child = await TestChild.join(kind, parent, server, "child");
  const keys = curveKeyPair();
  server.server.authorize("deaf", keys.publicKey);
  const deaf = new Dealer({
    context: new Context(),
    routingId: "deaf",
    linger: 0,
    receiveHighWaterMark: 2,
    curveServerKey: parent.publicKey,
    curvePublicKey: keys.publicKey,
    curveSecretKey: keys.secretKey,
  });
  try {
    deaf.connect(server.uri);
    await deaf.send("hello");
    await until(() => server.received.length === 1, "hello");
    const filling = new Uint8Array(99_900);
    let sent = 0;
    await until(() => {
      for (let i = 0; i < 100; i++) server.server.send("deaf", [...frames(String(sent++)), filling]);
      return server.unreachable.length > 0;
    }, "a report about the deaf one");
    server.server.send("child", frames("and you?"));
    await until(() => child.texts().includes("and you?"), "the other's message");
    const { queuedBytes, dropped } = server.server.stats;
    assert(queuedBytes > 15_000_000 && queuedBytes <= 20_000_000, `${queuedBytes} bytes wait`);
    await until(() => server.server.stats.dropped === server.unreachable.length, "all reports");
    assert(dropped > 0 && server.unreachable.every((peer) => peer === "deaf"));
    const kept = sent - server.server.stats.dropped;
    const texts: string[] = [];
    const hear = async (): Promise<void> => {
      while (texts.length < kept) texts.push(String((await deaf.receive())[0]));
    };
    await within(hear(), "what was kept", 20_000);
    assert.deepEqual(texts, numbers(kept));
    assert.equal(server.server.stats.queuedBytes, 0);
  } finally {
    deaf.close();
  }
});

test("listens at two places, tells the port, and removes its path", async () => {
  await using kind = await openKind();
  await using parent = await ZeroMqTransport.open();
  const uri = kind.uri();
  const server = await parent.listen({ uris: ["tcp://127.0.0.1:*", uri], ...HANDLERS });
  assert.match(server.endpoints[0]!, /^tcp:\/\/127\.0\.0\.1:[1-9]\d*$/);
  assert.equal(server.endpoints[1], uri);
  await access(uri.slice(6));
  await parent.close();
  await assert.rejects(access(uri.slice(6)), { code: "ENOENT" });
});

test("takes abstract sockets, and IPv6 when it is told to", async () => {
  await using kind = await openKind();
  const name = `ipc://@fluxbus-test-${process.pid}`;
  for (const [uri, ipv6] of [
    [name, false],
    ["tcp://[::1]:*", true],
    ["tcp://127.0.0.1:*", true],
  ] as const) {
    await using parent = await kind.open();
    const server = await TestServer.listen(parent, uri, { ipv6 });
    if (ipv6) assert.match(server.uri, /^tcp:\/\/\[(::1|::ffff:127\.0\.0\.1)\]:\d+$/);
    await using child = await kind.open();
    server.server.authorize("child", child.publicKey);
    const { publicKey: serverKey } = parent;
    const link = child.connect({ uri: server.uri, serverKey, ipv6, identity: "child", receive: () => {} });
    link.send(frames("hi"));
    await until(() => server.received.length === 1, `message at ${server.uri}`);
  }
});

test("names the URI that it can't listen at, and holds no other after that", async () => {
  await using kind = await openKind();
  await using holder = await ZeroMqTransport.open();
  const taken = (await holder.listen({ uris: ["tcp://127.0.0.1:*"], ...HANDLERS })).endpoints[0]!;
  await using parent = await ZeroMqTransport.open();
  const uri = kind.uri();
  await rejects(
    parent.listen({ uris: [uri, taken], ...HANDLERS }),
    "EADDRINUSE",
    `${taken}: Address already in use`,
  );
  await assert.rejects(access(uri.slice(6)), { code: "ENOENT" });
  const nowhere = "ipc:///nonexistent/folder/tbon-0";
  await using another = await ZeroMqTransport.open();
  await rejects(
    another.listen({ uris: [nowhere], ...HANDLERS }),
    "ENOENT",
    `${nowhere}: No such file or directory`,
  );
});

test("uses the keys it is given, and traces its sockets when asked to", async () => {
  await using kind = await openKind();
  const keys = curveKeyPair();
  const lines: string[] = [];
  const log = (level: string, text: string) => lines.push(`${level} ${text}`);
  await using parent = await ZeroMqTransport.open({ keys, log, traceSockets: true });
  assert.equal(parent.publicKey, keys.publicKey);
  const server = await TestServer.listen(parent, kind.uri());
  await using child = await TestChild.join(kind, parent, server, "child");
  assert.equal(child.link.stats.sent, 1);
  const line = `debug child sockevent ${server.uri} handshake`;
  await until(() => lines.includes(line), "a line about the handshake");
  assert(
    lines.some((it) => it.startsWith("debug overlay auth OK: child from ")),
    lines.join("\n"),
  );
});

test("a program that closed its transports ends by itself", async () => {
  const program = join(import.meta.dirname, "../../helpers/transport-exits.ts");
  const child = spawn(process.execPath, ["--import", "tsx", program], { stdio: ["ignore", "pipe", "pipe"] });
  try {
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (output += chunk));
    const [code, signal] = await within(once(child, "close"), "the end of the program", 20_000);
    assert.deepEqual([output, code, signal], ["done\n", 0, null]);
  } finally {
    child.kill("SIGKILL");
  }
});
