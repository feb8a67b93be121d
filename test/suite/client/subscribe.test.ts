import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event, Flux, Subscription } from "../../../src/client/index.ts";
import { type Message, Role } from "../../../src/message/index.ts";
import type { ConnectedInstance } from "../../../src/testing/index.ts";
import { AS_GUEST, GUEST, OWNER, startInstance } from "../../helpers/instance.ts";
import { drain, rejects } from "../../helpers/rejects.ts";
import { until } from "../../helpers/until.ts";

/** Topics of the next `count` events. */
async function topics(events: Subscription, count: number): Promise<string[]> {
  const seen: string[] = [];
  while (seen.length < count) {
    const step = await events.next();
    if (step.done === true) assert.fail("subscription ended");
    seen.push(step.value.topic);
  }
  return seen;
}

/** A handle that writes down the requests it sends. */
async function traced(instance: ConnectedInstance): Promise<{ flux: Flux; sent: string[] }> {
  const sent: string[] = [];
  const trace = (direction: "tx" | "rx", message: Message) => {
    if (direction === "tx") sent.push(`${message.topic} ${message.text ?? ""}`);
  };
  return { flux: await instance.connect({ trace }), sent };
}

test("a subscription takes the events whose topic begins with its prefix, byte for byte", async () => {
  await using instance = await startInstance();
  const [one, other] = [await instance.connect(), await instance.connect()];
  await using job = one.subscribe("job");
  await using dotted = one.subscribe("job.");
  await using globs = one.subscribe("job*");
  await using umlaut = one.subscribe("ü");
  await using all = one.subscribe("");
  await Promise.all([job, dotted, globs, umlaut, all].map(({ ready }) => ready));
  const published = ["job", "jobs", "job.done", "jo", "job*x", "ünder", "über", "u"];
  for (const topic of published) await other.publish(topic);
  assert.deepEqual(await topics(all, 8), published);
  assert.deepEqual(await topics(job, 4), ["job", "jobs", "job.done", "job*x"]);
  assert.deepEqual(await topics(dotted, 1), ["job.done"]);
  assert.deepEqual(await topics(globs, 1), ["job*x"]);
  assert.deepEqual(await topics(umlaut, 2), ["ünder", "über"]);
  assert.equal(all.queued + job.queued + dotted.queued + globs.queued + umlaut.queued, 0, "each comes once");
});

test("what the handle sends after subscribing is seen without waiting", async () => {
  await using instance = await startInstance();
  const flux = await instance.connect();
  await using events = flux.subscribe("a");
  flux.sendEvent(flux.encodeEvent("a.1"));
  await flux.publish("a.2");
  assert.deepEqual(await topics(events, 2), ["a.1", "a.2"]);
});

test("the broker is told of the first subscription to a prefix and of the end of the last", async () => {
  await using instance = await startInstance();
  const { flux, sent } = await traced(instance);
  const subscriptions = [flux.subscribe("a"), flux.subscribe("a"), flux.subscribe("a.b")];
  await Promise.all(subscriptions.map(({ ready }) => ready));
  assert.deepEqual(sent.splice(0), ['event.subscribe {"topic":"a"}', 'event.subscribe {"topic":"a.b"}']);
  await flux.publish("a.b.c");
  sent.length = 0;
  for (const events of subscriptions) assert.deepEqual(await topics(events, 1), ["a.b.c"]);
  assert.deepEqual(
    subscriptions.map(({ queued }) => queued),
    [0, 0, 0],
  );
  await subscriptions[0]?.close();
  assert.deepEqual(sent, []);
  await subscriptions[1]?.close();
  assert.deepEqual(sent, ['event.unsubscribe {"topic":"a"}']);
  await subscriptions[2]?.close();
  await subscriptions[2]?.close();
  assert.deepEqual(sent, ['event.unsubscribe {"topic":"a"}', 'event.unsubscribe {"topic":"a.b"}']);
  assert.equal(flux.pending, 0);
});

test("subscribing anew while the end of the last is on its way", async () => {
  await using instance = await startInstance();
  const flux = await instance.connect();
  const first = flux.subscribe("a");
  const closing = first.close();
  await using second = flux.subscribe("a");
  await Promise.all([closing, second.ready]);
  await flux.publish("a.x");
  assert.deepEqual(await topics(second, 1), ["a.x"]);
  assert.equal(second.queued, 0);
});

test("leaving the loop, the signal and the scope end a subscription", async () => {
  await using instance = await startInstance();
  const { flux, sent } = await traced(instance);
  const unsubscribed = (prefix: string) => sent.includes(`event.unsubscribe {"topic":"${prefix}"}`);
  const left = flux.subscribe("left");
  await flux.publish("left.1");
  for await (const event of left) {
    assert.equal(event.topic, "left.1");
    break;
  }
  assert(unsubscribed("left"));
  assert.deepEqual(await left.next(), { done: true, value: undefined });
  const stop = new AbortController();
  const signalled = flux.subscribe("signalled", { signal: stop.signal });
  await flux.publish("signalled.1");
  stop.abort();
  const { items, error } = await drain(signalled);
  assert.deepEqual([items.length, error], [1, undefined], "it finishes behind what is queued");
  await until(() => unsubscribed("signalled"), "the unsubscribe");
  const never = flux.subscribe("never", { signal: stop.signal });
  assert.deepEqual(await drain(never), { items: [], error: undefined });
  {
    await using scoped = flux.subscribe("scoped");
    await scoped.ready;
  }
  assert(unsubscribed("scoped"));
});

test("an event as the subscriber gets it", async () => {
  await using instance = await startInstance();
  const flux = await instance.connect();
  await using events = flux.subscribe("job");
  await flux.publish("job.done", { id: 7 });
  const event = (await events.next()).value as Event;
  assert.deepEqual([event.topic, event.seq, event.private], ["job.done", 1, false]);
  assert.deepEqual([event.userid, event.rolemask], [OWNER, Role.OWNER | Role.LOCAL]);
  assert.deepEqual(event.json(), { id: 7 });
  assert.deepEqual(event.unpack("{s:i}", "id"), [7]);
  assert.throws(() => event.unpack("{s:s}", "id"), { code: "EPROTO" });
  await flux.publish("job.list", "[1]");
  await flux.publish("job.none");
  const list = (await events.next()).value as Event;
  assert.throws(() => list.unpack("{s:i}", "id"), {
    code: "EPROTO",
    message: "payload is not a JSON object",
  });
  const none = (await events.next()).value as Event;
  assert.equal(none.json(), undefined);
  assert.throws(() => none.unpack("{s:i}", "id"), {
    code: "EPROTO",
    message: "message does not have a string payload",
  });
});

test("overflow: fail throws ENOBUFS behind what is queued and unsubscribes", async () => {
  await using instance = await startInstance();
  const { flux, sent } = await traced(instance);
  const events = flux.subscribe("a", { maxQueue: 3 });
  for (let i = 0; i < 5; i++) await flux.publish(`a.${i}`);
  const { items, error } = await drain(events);
  assert.deepEqual(
    items.map(({ topic }) => topic),
    ["a.0", "a.1", "a.2"],
  );
  assert.equal(error?.code, "ENOBUFS");
  assert.match(error?.message ?? "", /subscription to 'a' fell 3 events behind/);
  assert(sent.includes('event.unsubscribe {"topic":"a"}'));
});

test("overflow: the dropping policies count what they drop", async () => {
  await using instance = await startInstance();
  const flux = await instance.connect();
  await using oldest = flux.subscribe("a", { maxQueue: 3, overflow: "drop-oldest" });
  await using newest = flux.subscribe("a", { maxQueue: 3, overflow: "drop-newest" });
  for (let i = 0; i < 5; i++) await flux.publish(`a.${i}`);
  assert.deepEqual([oldest.dropped, newest.dropped, oldest.queued], [2, 2, 3]);
  assert.deepEqual(await topics(oldest, 3), ["a.2", "a.3", "a.4"]);
  assert.deepEqual(await topics(newest, 3), ["a.0", "a.1", "a.2"]);
  await flux.publish("a.5");
  assert.deepEqual(await topics(oldest, 1), ["a.5"]);
});

test("events of guests are refused unless their role is allowed", async () => {
  await using instance = await startInstance();
  const [owner, guest] = [await instance.connect(), await instance.connect(AS_GUEST)];
  await using careful = owner.subscribe("a");
  await using open = owner.subscribe("a", { allow: Role.USER });
  await using all = owner.subscribe("a", { allow: Role.ALL });
  await Promise.all([careful.ready, open.ready, all.ready]);
  await guest.publish("a.guest");
  guest.sendEvent(guest.encodeEvent("a.sent"));
  await guest.ping();
  await owner.publish("a.owner");
  assert.deepEqual(await topics(careful, 1), ["a.owner"]);
  assert.deepEqual([careful.refused, open.refused, all.refused], [2, 0, 0]);
  assert.deepEqual(await topics(open, 3), ["a.guest", "a.sent", "a.owner"]);
  const first = (await all.next()).value as Event;
  assert.deepEqual([first.userid, first.rolemask], [GUEST, Role.USER]);
});

test("a subscription that the broker refuses rejects and throws", async () => {
  await using instance = await startInstance();
  const flux = await instance.connect();
  await flux.close();
  const events = flux.subscribe("a");
  await rejects(events.ready, "ECONNRESET");
  const { error } = await drain(events);
  assert.equal(error?.code, "ECONNRESET");
});

test("when the handle is closed its subscriptions finish; when the broker goes they throw", async () => {
  await using instance = await startInstance();
  const [closing, losing] = [await instance.connect(), await instance.connect()];
  const finished = closing.subscribe("a");
  const broken = losing.subscribe("a");
  await broken.ready;
  await closing.publish("a.1");
  await closing.close();
  const { items, error } = await drain(finished);
  assert.deepEqual([items.length, error], [1, undefined]);
  await instance.halt();
  const lost = await drain(broken);
  assert.deepEqual([lost.items.length, lost.error?.code], [1, "ECONNRESET"]);
  assert.equal(losing.status, "closed");
});
