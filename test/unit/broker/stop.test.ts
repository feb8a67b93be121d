import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { Broker } from "../../../src/broker/index.ts";
import { connect } from "../../../src/connect/index.ts";
import { TestInstance } from "../../../src/testing/index.ts";
import { TemporaryFolder } from "../../helpers/temporary-folder.ts";

test("events that were confirmed reach all subscribers although the broker stops right behind", async () => {
  for (const count of [3, 4, 20]) {
    const broker = await Broker.start();
    const subscribers = Array.from({ length: count }, () => broker.connect());
    const subscriptions = subscribers.map((flux) => flux.subscribe("job."));
    await Promise.all(subscriptions.map(({ ready }) => ready));
    const { seq } = await broker.connect().publish("job.done", { id: 1 });
    await broker.stop();
    for (const subscription of subscriptions) {
      const { value } = await subscription.next();
      assert.equal(value?.seq, seq, `${count} subscribers`);
    }
  }
});

test("stop, called twice, is over when it is over", async () => {
  await using instance = await TestInstance.start();
  await instance.connect();
  const [first, second] = [instance.broker.stop(), instance.broker.stop()];
  await second;
  assert.equal(instance.broker.stats.clients, 0);
  await first;
});

test("a second broker does not take the socket of a living one", async () => {
  await using folder = await TemporaryFolder.make();
  const socketPath = folder.of("local");
  await using broker = await Broker.start({ socketPath });
  await assert.rejects(Broker.start({ socketPath }), { code: "EADDRINUSE" });
  await using flux = await connect(broker.uri, { env: {} });
  assert.equal(await flux.rank(), 0);
  await broker.stop();
  assert.equal(existsSync(socketPath), false);
});

test("an onLog that throws stops nothing", async (context) => {
  const warned = context.mock.method(console, "warn", () => {});
  await using instance = await TestInstance.start({
    onLog: () => {
      throw new TypeError("a fault of the program");
    },
  });
  instance.broker.log("err", "one line");
  const flux = await instance.connect();
  assert.equal((await flux.ping()).rank, 0);
  assert.match(String(warned.mock.calls[0]?.arguments[0]), /onLog failed: TypeError: a fault of the program/);
});

test("services hear of a client that left although they did not read", async () => {
  await using instance = await TestInstance.start({ clientQueueBytes: 64 * 1024 });
  const [server, client] = [await instance.connect(), instance.broker.connect()];
  const disconnected = new Promise<void>((resolve) => {
    server.handle("slow.disconnect", () => resolve(), {});
  });
  await using _service = await server.serve("slow", { wait: { request: () => {} } });
  // All in one turn: the service's queue fills before it can read.
  const calls = Array.from({ length: 200 }, () => client.rpcRaw("slow.wait", new Uint8Array(4000)));
  const refused = (
    await Promise.all(calls.map((call) => Promise.race([call.catch((error) => error.code), late()])))
  ).filter((code) => code === "EAGAIN");
  assert(refused.length > 0, "the queue was full");
  for (const call of calls) call.catch(() => {});
  await client.close();
  await disconnected;
});

/** What those calls give that no error answers: nothing, once the ones that are refused have been. */
async function late(): Promise<undefined> {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
}
