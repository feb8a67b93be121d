import assert from "node:assert/strict";
import { test } from "node:test";
import { Flux } from "../../../src/client/index.ts";
import { connectorPair } from "../../../src/connector/index.ts";
import { type Message, MessageFlag } from "../../../src/message/index.ts";
import { until, within } from "../../helpers/until.ts";

test("the flag and the cancel request on the wire", async () => {
  const [near, far] = connectorPair();
  const sent: Message[] = [];
  far.start({ message: (message) => sent.push(message), closed() {} });
  const flux = new Flux(near, () => assert.fail("no reconnect"));
  const stream = flux.stream("a.b.c", { x: 1 }, { nodeid: 4 });
  await until(() => sent.length === 1, "the request");
  assert(sent[0]?.has(MessageFlag.STREAMING));
  await stream.return();
  await until(() => sent.length === 2, "the cancel");
  const cancel = sent[1]!;
  assert.deepEqual([cancel.topic, cancel.text, cancel.nodeid], ["a.b.cancel", '{"matchtag":1}', 4]);
  assert(cancel.has(MessageFlag.NORESPONSE));
  assert.equal(cancel.has(MessageFlag.STREAMING), false);
  assert.equal(flux.pending, 1, "the tag is kept until the stream has ended");
  far.send(sent[0]!.deriveResponse(0, undefined));
  far.send(sent[0]!.deriveResponse(61, undefined));
  await until(() => flux.pending === 0, "the tag");
  await flux.close();
});

test("a stream that is left before it was sent is never sent", async () => {
  const [near, far] = connectorPair();
  const sent: Message[] = [];
  far.start({ message: (message) => sent.push(message), closed() {} });
  const flux = new Flux(near, () => assert.fail("no reconnect"));
  const stream = flux.stream("a.b", {}, { upstream: true });
  await until(() => sent.length === 1, "the question for the rank");
  await stream.return();
  far.send(sent[0]!.deriveResponse(0, Buffer.from('{"value":"1","flags":1}\0')));
  await until(() => flux.pending === 0, "the rank");
  assert.equal(await within(flux.rank(), "the rank again"), 1);
  assert.equal(sent.length, 1);
  assert.equal(flux.pending, 0);
  await flux.close();
});
