import assert from "node:assert/strict";
import { test } from "node:test";
import { Message, MessageFlag, textPayload } from "../../../src/message/index.ts";
import { TestInstance } from "../../../src/testing/index.ts";
import { RawClient } from "../../helpers/raw-client.ts";
import { until } from "../../helpers/until.ts";

const ping = Message.request({ topic: "broker.ping", matchtag: 1, payload: textPayload("{}") });

function subscribe(prefix: string): Message {
  const payload = textPayload(JSON.stringify({ topic: prefix }));
  return Message.request({ topic: "event.subscribe", flags: MessageFlag.NORESPONSE, payload });
}

test("a client with many prefixes gets each event once, and none counts for it once it has left", async () => {
  await using instance = await TestInstance.start();
  const flux = await instance.connect();
  await using events = flux.subscribe("n");
  await events.ready;
  const raw = await RawClient.connect(instance.uri);
  for (let i = 0; i < 1000; i++) raw.send(subscribe("n".repeat(i + 1)));
  for (let i = 0; i < 9000; i++) raw.send(subscribe(`n.${i}`));
  await raw.ask(ping);
  const topic = "n".repeat(1000);
  await flux.publish(topic);
  const event = await raw.next();
  assert.deepEqual([event.topic, raw.unread], [topic, 0]);
  await raw.close();
  await until(() => instance.broker.stats.clients === 1, "its end at the broker");
  // Its subscriptions go in several turns of the event loop.
  const before = instance.broker.stats.tx.event;
  await flux.publish(topic);
  await flux.publish("n.8999");
  assert.equal(instance.broker.stats.tx.event, before + 2);
  for (const expected of [topic, topic, "n.8999"]) assert.equal((await events.next()).value?.topic, expected);
});
