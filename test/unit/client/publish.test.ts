import assert from "node:assert/strict";
import { test } from "node:test";
import { encodePublish, Flux } from "../../../src/client/index.ts";
import { connectorPair } from "../../../src/connector/index.ts";
import { type Message, MessageFlag } from "../../../src/message/index.ts";
import { rejects } from "../../helpers/rejects.ts";
import { until } from "../../helpers/until.ts";

test("the request of a publication goes to rank 0", async () => {
  const [near, far] = connectorPair();
  const sent: Message[] = [];
  far.start({ message: (message) => sent.push(message), closed() {} });
  const flux = new Flux(near, () => assert.fail("no reconnect"));
  const published = flux.publish('quote"d', {}, { private: true });
  await until(() => sent.length === 1, "the request");
  assert.deepEqual(
    [sent[0]?.topic, sent[0]?.nodeid, sent[0]?.text],
    ["event.publish", 0, `{"topic":"quote\\"d","flags":${MessageFlag.PRIVATE},"payload":"e30A"}`],
  );
  far.send(sent[0]!.deriveResponse(0, Buffer.from('{"seq":-1}\0')));
  assert.deepEqual(await published, { seq: 0xffffffff }, "C prints a number over 31 bits as a negative one");
  await flux.close();
});

test("an answer without a number is EPROTO", async () => {
  const [near, far] = connectorPair();
  const answers = [undefined, Buffer.from("{}\0"), Buffer.from('{"seq":"1"}\0')];
  far.start({ message: (message) => far.send(message.deriveResponse(0, answers.shift())), closed() {} });
  const flux = new Flux(near, () => assert.fail("no reconnect"));
  for (let i = 0; i < 3; i++)
    await rejects(flux.publish("a"), "EPROTO", "response to event.publish has no seq");
  await flux.close();
});

test("a publication may be given up", async () => {
  const [near, far] = connectorPair();
  far.start({ message() {}, closed() {} });
  const flux = new Flux(near, () => assert.fail("no reconnect"));
  await rejects(flux.publish("a", {}, { timeoutMs: 2 }), "ETIMEDOUT");
  await rejects(flux.publish("a", {}, { signal: AbortSignal.abort() }), "ECANCELED");
  await flux.close();
  await rejects(flux.publish("a"), "ECONNRESET");
});

test("flags other than 0 and PRIVATE are EINVAL", () => {
  assert.throws(() => encodePublish("a", MessageFlag.USER1, undefined), { code: "EINVAL" });
  assert.throws(() => encodePublish("a", MessageFlag.PRIVATE | 1, undefined), { code: "EINVAL" });
});
