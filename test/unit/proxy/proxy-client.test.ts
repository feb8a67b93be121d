import assert from "node:assert/strict";
import { test } from "node:test";
import { Disconnects } from "../../../src/broker/index.ts";
import { connectorPair } from "../../../src/connector/index.ts";
import { Message } from "../../../src/message/index.ts";
import { ProxyClient } from "../../../src/proxy/proxy-client.ts";
import { usedBytes } from "../../helpers/heap.ts";
import { until } from "../../helpers/until.ts";

const MIB = 1024 * 1024;

test("what is kept of a request that waits is all but its payload, and none of the memory it came in", async () => {
  const client = new ProxyClient("uuid", connectorPair()[1], new Disconnects(), true);
  const before = usedBytes();
  for (let matchtag = 1; matchtag <= 64; matchtag++) {
    const payload = new Uint8Array(MIB);
    client.track(Message.request({ topic: "a.b", matchtag, payload, routes: ["r"], userid: 7 }));
  }
  await until(() => usedBytes() - before < 16 * MIB, "the payloads are let go");
  const requests = client.takePending();
  assert.equal(requests.length, 64);
  const [{ topic, matchtag, userid, routes, payload }] = requests as [Message];
  assert.deepEqual([topic, matchtag, userid, routes, payload], ["a.b", 1, 7, ["r"], undefined]);
  assert.deepEqual(client.takePending(), []);
});
