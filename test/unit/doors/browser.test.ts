import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect as dial } from "node:net";
import { test } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import { connect, type Flux, type WebSocketClass } from "../../../src/doors/browser.ts";
import { TestInstance } from "../../../src/testing/index.ts";

/** A gateway as small as it gets: every WebSocket is a UNIX socket connection to the broker. */
async function startGateway(
  uri: string,
): Promise<{ url: string; stop: () => Promise<void>; cut: () => void }> {
  const http = createServer();
  const server = new WebSocketServer({ server: http });
  server.on("connection", (web) => {
    const local = dial(uri.slice("local://".length));
    local.on("data", (chunk) => web.send(chunk));
    local.on("close", () => web.close());
    local.on("error", () => web.close());
    web.on("message", (data: Buffer) => local.write(data));
    web.on("close", () => local.destroy());
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const address = http.address();
  assert(typeof address === "object" && address !== null);
  const cut = () => {
    for (const web of server.clients) web.terminate();
  };
  const stop = async () => {
    cut();
    http.close();
    await once(http, "close");
  };
  return { url: `ws://127.0.0.1:${address.port}/`, stop, cut };
}

async function withGateway(
  use: (url: string, instance: TestInstance, cut: () => void) => Promise<void>,
): Promise<void> {
  await using instance = await TestInstance.start();
  const gateway = await startGateway(instance.uri);
  try {
    await use(gateway.url, instance, gateway.cut);
  } finally {
    await gateway.stop();
  }
}

const webSocket = WebSocket as unknown as WebSocketClass;

test("a browser's handle calls, streams and subscribes through a WebSocket", async () => {
  await withGateway(async (url, instance) => {
    const server = await instance.connect();
    await using _service = await server.serve("calc", {
      add: ({ a, b }) => ({ sum: a + b }),
      *count({ to }) {
        for (let i = 0; i < to; i++) yield { i };
      },
    });
    await using flux: Flux = await connect(url, { webSocket });
    assert.deepEqual(await flux.rpc("calc.add", { a: 1, b: 2 }), { sum: 3 });
    const seen: unknown[] = [];
    for await (const { i } of flux.stream("calc.count", { to: 3 })) seen.push(i);
    assert.deepEqual(seen, [0, 1, 2]);
    const subscription = flux.subscribe("job.");
    const { seq } = await flux.publish("job.done", { id: 7 });
    const { value } = await subscription.next();
    assert.equal(value?.seq, seq);
    assert.equal(flux.queuedBytes, 0);
  });
});

test("a large payload crosses a WebSocket unchanged", async () => {
  await withGateway(async (url, instance) => {
    const server = await instance.connect();
    await using _service = await server.serve("big", {
      echo: { request: (request) => request.respondRaw(request.payload) },
    });
    await using flux = await connect(url, { webSocket });
    const bytes = new Uint8Array(1_000_000).map((_, index) => index % 251);
    assert.deepEqual(Buffer.from((await flux.rpcRaw("big.echo", bytes))!), Buffer.from(bytes));
  });
});

test("a WebSocket that is cut fails what is pending, and is made again when asked for", async () => {
  await withGateway(async (url, _instance, cut) => {
    await using lost = await connect(url, { webSocket });
    const { promise, resolve } = withResolvers();
    await using kept = await connect(url, {
      webSocket,
      reconnect: true,
      onStatus: (status) => status === "connected" && resolve(),
    });
    const dmesg = lost.callStream("log.dmesg", { follow: true, nobacklog: true });
    await lost.ping();
    cut();
    await assert.rejects(dmesg.next(), { code: "ECONNRESET" });
    await promise;
    assert.equal((await kept.ping()).rank, 0);
  });
});

test("a refused WebSocket, or none, is a clear error", async () => {
  await assert.rejects(connect("ws://127.0.0.1:1/", { webSocket }), { code: "ECONNREFUSED" });
  if ((globalThis as { WebSocket?: unknown }).WebSocket === undefined) {
    await assert.rejects(connect("ws://127.0.0.1:1/"), { code: "ENOSYS" });
  }
});

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
