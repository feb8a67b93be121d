import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { describe, test } from "node:test";
import { DescriptorReserve, descriptorLimit, ListeningSockets } from "../../../src/system/index.ts";
import { until } from "../../helpers/until.ts";

/** A server whose sockets a library might have, and what it has accepted. */
async function listen(): Promise<{
  server: Server;
  port: number;
  accepted: Socket[];
  before: ReadonlySet<number>;
}> {
  const before = ListeningSockets.all()!;
  const accepted: Socket[] = [];
  const server = createServer((socket) => accepted.push(socket.on("error", () => {})));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, port: (server.address() as { port: number }).port, accepted, before };
}

function open(port: number): Socket {
  return connect(port, "127.0.0.1").on("error", () => {});
}

describe("sockets that listen", { skip: process.platform !== "linux" }, () => {
  test("are found by their port among those that are new, and only TCP ones", async () => {
    const { server, port, before } = await listen();
    try {
      assert.equal(ListeningSockets.all()!.size, before.size + 1);
      assert(ListeningSockets.find(new Set([port]), before) !== undefined);
      assert.equal(ListeningSockets.find(new Set([port]), ListeningSockets.all()!), undefined);
      assert.equal(ListeningSockets.find(new Set([0]), before), undefined);
    } finally {
      server.close();
    }
  });

  test("take no connection while they are paused, and that one when they are resumed", async () => {
    const { server, port, accepted, before } = await listen();
    const sockets = ListeningSockets.find(new Set([port]), before)!;
    const clients = [open(port)];
    try {
      await until(() => accepted.length === 1, "a connection");
      sockets.pause();
      clients.push(open(port));
      // What goes over the first one meanwhile is proof that the system has had its time.
      clients[0]!.write("still");
      assert.equal(String((await once(accepted[0]!, "data"))[0]), "still");
      assert.deepEqual([accepted.length, clients[1]!.connecting], [1, true]);
      sockets.resume();
      await until(() => accepted.length === 2, "the second connection", 20_000);
    } finally {
      for (const socket of [...clients, ...accepted]) socket.destroy();
      server.close();
    }
  });

  test("close what was not accepted yet", async () => {
    const { server, port, before, accepted } = await listen();
    const sockets = ListeningSockets.find(new Set([port]), before)!;
    const clients = [open(port), open(port)];
    try {
      // They begin to connect behind this, and the server accepts in the next turn only.
      for (let i = 0; i < 3; i++) await new Promise((resolve) => process.nextTick(resolve));
      assert.equal(sockets.flush(), 2);
      await until(() => clients.every((socket) => socket.closed), "the end of the connections");
      assert.equal(accepted.length, 0);
      sockets.forget();
      assert.equal(sockets.flush(), 0);
    } finally {
      for (const socket of clients) socket.destroy();
      server.close();
    }
  });

  test("defer a connection that says nothing", async () => {
    const { server, port, before, accepted } = await listen();
    ListeningSockets.find(new Set([port]), before)!.deferAccept(60);
    const silent = open(port);
    const talking = open(port);
    try {
      await once(silent, "connect");
      talking.write("hello");
      await until(() => accepted.length === 1, "the one that talks");
      assert.equal(String((await once(accepted[0]!, "data"))[0]), "hello");
    } finally {
      for (const socket of [silent, talking, ...accepted]) socket.destroy();
      server.close();
    }
  });
});

test("the limit of descriptors is a number, and a reserve gives its own up", () => {
  assert(descriptorLimit() > 10);
  const reserve = new DescriptorReserve(3);
  reserve.release();
  reserve.release();
  reserve.restore();
  reserve.release();
});
