import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import type { Socket } from "node:net";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { errno } from "../../../src/base/index.ts";
import type { Connector } from "../../../src/connector/index.ts";
import { connectLocal, SOCKET_PATH_MAX } from "../../../src/socket/index.ts";
import { until } from "../../helpers/until.ts";
import { Inbox, listen, readFrames, request, socketFolder, upTo } from "./peers.ts";

const admit = (socket: Socket): void => {
  socket.write(Uint8Array.of(0));
};

/** Starts `connector` with an inbox of its own. */
function startInbox(connector: Connector): Inbox {
  const inbox = new Inbox();
  connector.start(inbox);
  return inbox;
}

test("an admitted client sends and receives, and closes", async () => {
  await using folder = await socketFolder();
  const peers: Inbox[] = [];
  await using _server = await listen(folder.path("s"), (socket) => {
    admit(socket);
    peers.push(readFrames(socket));
    socket.write(request(1).encode());
  });
  const connector = await connectLocal(folder.path("s"));
  const inbox = startInbox(connector);
  assert.equal(connector.uri, `local://${folder.path("s")}`);
  await inbox.untilCount(1);
  // More than a system takes at once, whatever its buffers.
  for (const tag of upTo(50)) connector.send!(request(tag, 100_000));
  assert.equal(connector.queuedBytes > 200_000, true);
  await connector.close();
  assert.deepEqual(inbox.ends, [undefined]);
  await peers[0]!.untilClosed();
  assert.deepEqual(peers[0]!.tags, upTo(50));
  assert.throws(() => connector.send!(request(1)), { code: "ECONNRESET" });
  await connector.close();
});

test("close before start is quiet and quick", async () => {
  await using folder = await socketFolder();
  await using _server = await listen(folder.path("s"), admit);
  const connector = await connectLocal(folder.path("s"));
  connector.unref();
  connector.ref();
  assert.equal(connector.writable!(), undefined);
  await connector.close();
});

test("messages that come with the admission byte are not lost", async () => {
  await using folder = await socketFolder();
  const bytes = Buffer.concat([Uint8Array.of(0), ...upTo(30).map((tag) => request(tag, 3000).encode())]);
  for (const size of [bytes.length, 2, 9, 4000]) {
    await using _server = await listen(folder.path(`s${size}`), (socket) => {
      socket.write(bytes.subarray(0, size));
      socket.end(bytes.subarray(size));
    });
    const connector = await connectLocal(folder.path(`s${size}`));
    const inbox = startInbox(connector);
    await inbox.untilClosed();
    assert.deepEqual(inbox.tags, upTo(30), `${size} bytes in the first write`);
    assert.deepEqual(
      inbox.ends.map((reason) => reason?.code),
      ["ECONNRESET"],
    );
    assert.throws(() => connector.send!(request(1)), { code: "ECONNRESET" });
  }
});

test("a broker that appears later is found", async () => {
  await using folder = await socketFolder();
  const opening = connectLocal(folder.path("s"));
  await delay(100);
  await using _server = await listen(folder.path("s"), admit);
  const connector = await opening;
  await connector.close();
});

test("ENOENT names the socket, after the retries", async () => {
  await using folder = await socketFolder();
  const path = folder.path("none");
  const started = performance.now();
  await assert.rejects(connectLocal(path, { retries: 2 }), {
    name: "FluxError",
    code: "ENOENT",
    errno: 2,
    message: `broker socket ${path} was not found`,
  });
  const took = performance.now() - started;
  assert.ok(took >= 16 + 32 - 2 && took < 1000, `two waits, ${took} ms`);
  await assert.rejects(connectLocal(path, { retries: 0 }), { code: "ENOENT" });
});

test("ECONNREFUSED where nobody listens", async () => {
  await using folder = await socketFolder();
  await writeFile(folder.path("file"), "");
  await assert.rejects(connectLocal(folder.path("file"), { retries: 0 }), { code: "ECONNREFUSED" });
});

test("EINVAL without a path, and for one of 108 bytes", async () => {
  await assert.rejects(connectLocal(undefined), { code: "EINVAL" });
  await assert.rejects(connectLocal(""), { code: "EINVAL" });
  const abstract = { code: "EINVAL", message: "socket path with a NUL: \\0abstract" };
  await assert.rejects(connectLocal("\0abstract"), abstract);
  assert.equal(SOCKET_PATH_MAX, 107);
  await assert.rejects(connectLocal(`/${"a".repeat(107)}`), { code: "EINVAL" });
  await assert.rejects(connectLocal(`/${"é".repeat(53)}a`), { code: "EINVAL" });
  await assert.rejects(connectLocal(`/${"a".repeat(106)}`, { retries: 0 }), { code: "ENOENT" });
});

test("a refusal is the broker's error, and not tried again", async () => {
  await using folder = await socketFolder();
  let connections = 0;
  await using _server = await listen(folder.path("s"), (socket) => {
    connections++;
    socket.end(Uint8Array.of([errno.EPERM, errno.EAGAIN, 200][connections - 1]!));
  });
  await assert.rejects(connectLocal(folder.path("s")), { name: "FluxError", code: "EPERM", errno: 1 });
  await assert.rejects(connectLocal(folder.path("s")), { code: "EAGAIN", errno: 11 });
  await assert.rejects(connectLocal(folder.path("s")), { code: "E200", errno: 200 });
  assert.equal(connections, 3);
});

test("a broker that hangs up without a word is ECONNRESET", async () => {
  await using folder = await socketFolder();
  await using _half = await listen(folder.path("half"), (socket) => socket.end());
  await using _full = await listen(folder.path("full"), (socket) => socket.destroy());
  await assert.rejects(connectLocal(folder.path("half")), { name: "FluxError", code: "ECONNRESET" });
  await assert.rejects(connectLocal(folder.path("full")), { name: "FluxError", code: "ECONNRESET" });
});

test("a signal gives up while waiting for the broker to appear", async () => {
  await using folder = await socketFolder();
  const control = new AbortController();
  const opening = connectLocal(folder.path("none"), { retries: 1000, signal: control.signal });
  const failed = assert.rejects(opening, { name: "FluxError", code: "ECANCELED" });
  await delay(30);
  control.abort();
  await failed;
});

test("a signal gives up while waiting for admission", async () => {
  await using folder = await socketFolder();
  const sockets: Socket[] = [];
  await using _server = await listen(folder.path("s"), (socket) => sockets.push(socket));
  const control = new AbortController();
  const opening = connectLocal(folder.path("s"), { signal: control.signal });
  const failed = assert.rejects(opening, { name: "FluxError", code: "ECANCELED" });
  await until(() => sockets.length > 0, "a connection");
  control.abort();
  await failed;
  let ended = false;
  sockets[0]!.on("end", () => {
    ended = true;
  });
  sockets[0]!.resume();
  await until(() => ended, "the client hangs up");
});

test("a signal that was given before, or is given at once, gives up as well", async () => {
  await using folder = await socketFolder();
  let connections = 0;
  await using _server = await listen(folder.path("s"), (socket) => {
    connections++;
    admit(socket);
  });
  const early = connectLocal(folder.path("s"), { signal: AbortSignal.abort() });
  await assert.rejects(early, { name: "FluxError", code: "ECANCELED" });
  assert.equal(connections, 0);
  const control = new AbortController();
  const opening = connectLocal(folder.path("s"), { signal: control.signal });
  control.abort();
  await assert.rejects(opening, { name: "FluxError", code: "ECANCELED" });
});

test("a signal that times out is ETIMEDOUT, wherever it finds the client", async () => {
  await using folder = await socketFolder();
  await using _server = await listen(folder.path("silent"), () => {});
  for (const path of [folder.path("none"), folder.path("silent")]) {
    const opening = connectLocal(path, { retries: 1000, signal: AbortSignal.timeout(40) });
    await assert.rejects(opening, { name: "FluxError", code: "ETIMEDOUT" });
  }
  const timedOut = AbortSignal.abort(new DOMException("too late", "TimeoutError"));
  await assert.rejects(connectLocal(folder.path("none"), { signal: timedOut }), { code: "ETIMEDOUT" });
});

test("a signal means nothing any more once the client is admitted", async () => {
  await using folder = await socketFolder();
  await using _server = await listen(folder.path("s"), (socket) => {
    admit(socket);
    socket.pipe(socket);
  });
  const control = new AbortController();
  const connector = await connectLocal(folder.path("s"), { signal: control.signal });
  const inbox = startInbox(connector);
  control.abort();
  connector.send!(request(1));
  await inbox.untilCount(1);
  await connector.close();
});
