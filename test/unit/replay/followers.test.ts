import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestHandlers } from "../../../src/client/index.ts";
import { handlerOf } from "../../../src/client/method.ts";
import { type JsonObject, stringifyJson } from "../../../src/json/index.ts";
import { Message, MessageFlag, Role, textPayload } from "../../../src/message/index.ts";
import { EventLog, replayMethods } from "../../../src/replay/index.ts";
import { until } from "../../helpers/until.ts";
import { event } from "../event-log/events.ts";
import { ManualClock, settled } from "../event-log/manual-clock.ts";

const GUEST = 4242;

/** A log, those who replay it, and how much work that is. */
class Replays {
  readonly clock = new ManualClock();
  readonly log: EventLog;
  readonly handlers = new RequestHandlers((topic, thrown) => assert.fail(`${topic}: ${thrown}`), {
    strict: true,
  });
  /** Responses by matchtag. */
  readonly answers = new Map<number, Message[]>();
  /** Times that the log was read. */
  reads = 0;
  #tag = 0;
  #seq = 0;

  constructor(options: { readonly guestReplays?: number } = {}) {
    this.log = new EventLog({ rank: 0, clock: this.clock, schedule: (call) => setImmediate(call) });
    const read = this.log.read.bind(this.log);
    this.log.read = (...args) => {
      this.reads++;
      return read(...args);
    };
    for (const [name, method] of Object.entries(replayMethods(this.log, options))) {
      const { handler, options: handling } = handlerOf(method);
      this.handlers.add(`event.${name}`, handler, handling);
    }
  }

  publish(topic: string): void {
    this.log.append(event(++this.#seq, { topic }));
  }

  /** Asks for events; returns the tag of the responses. */
  follow(body: JsonObject, sender = "a", userid = GUEST): number {
    const matchtag = ++this.#tag;
    const payload = textPayload(stringifyJson({ since: "now", follow: true, ...body }));
    const fields = { flags: MessageFlag.STREAMING, userid, rolemask: Role.USER, routes: [sender] };
    this.#send(Message.request({ topic: "event.replay", matchtag, payload, ...fields }));
    return matchtag;
  }

  leave(sender: string): void {
    const fields = { flags: MessageFlag.NORESPONSE, userid: GUEST, rolemask: Role.USER, routes: [sender] };
    this.#send(Message.request({ topic: "event.disconnect", ...fields }));
  }

  /** The topics of the events that came under a tag. */
  topics(tag: number): string[] {
    return this.#bodies(tag).flatMap(({ events }) => events.map(({ topic }) => topic));
  }

  /** The positions that came under a tag. */
  marks(tag: number): number[] {
    return this.#bodies(tag).map(({ through }) => through);
  }

  #bodies(tag: number): { through: number; events: { topic: string }[] }[] {
    return (this.answers.get(tag) ?? [])
      .filter(({ errnum }) => errnum === 0)
      .map(({ text }) => JSON.parse(text!));
  }

  #send(message: Message): void {
    this.handlers.dispatch(message, {
      send: (response) => {
        const sofar = this.answers.get(response.matchtag) ?? [];
        this.answers.set(response.matchtag, [...sofar, response]);
      },
    });
  }
}

const COUNT = 2000;

test("who waits costs nothing: no timer, no look at the log, while nothing or something else comes", async () => {
  const replays = new Replays();
  const { log, clock } = replays;
  const tags = Array.from({ length: COUNT }, () => replays.follow({ prefix: "none." }));
  await until(() => log.followers === COUNT, "all wait");
  const { reads } = replays;
  await clock.advance(3_600_000);
  assert.deepEqual([replays.reads, clock.pending], [reads, 0]);
  for (let i = 0; i < 100; i++) replays.publish("other");
  await settled();
  await clock.advance(10_000);
  assert.equal(replays.reads, reads);
  // Each has learned how far it is complete, once, and then there is no timer any more.
  await until(() => tags.every((tag) => replays.marks(tag).length === 2), "the marks");
  assert.deepEqual([replays.marks(tags[0]!), clock.pending], [[0, 100], 0]);
});

test("an event wakes those whose prefix its topic begins with, and is read once for all of the same prefix", async () => {
  const replays = new Replays();
  const prefixes = ["a.", "a.b", "", "x"];
  const tags = prefixes.map((prefix) => Array.from({ length: 500 }, () => replays.follow({ prefix })));
  await until(() => replays.log.followers === 2000, "all wait");
  await settled();
  const { reads } = replays;
  replays.publish("a.c");
  const heard = (of: readonly number[]): boolean => of.every((tag) => replays.topics(tag).length > 0);
  await until(() => heard(tags[0]!) && heard(tags[2]!), "the event");
  await settled();
  assert.deepEqual(
    tags.map((of) => of.map((tag) => replays.topics(tag).join())),
    [["a.c"], [""], ["a.c"], [""]].map(([topics]) => Array(500).fill(topics)),
  );
  assert.equal(replays.reads - reads, 2);
  replays.publish("a.b.c");
  replays.publish("x");
  await until(
    () => replays.topics(tags[2]!.at(-1)!).length === 3 && heard(tags[3]!) && heard(tags[1]!),
    "the events",
  );
  assert.deepEqual(
    tags.map((of) => replays.topics(of.at(-1)!)),
    [["a.c", "a.b.c"], ["a.b.c"], ["a.c", "a.b.c", "x"], ["x"]],
  );
});

test("events that come while the others are still being woken are missed by nobody, and come once", async () => {
  const replays = new Replays();
  const prefixes = ["", "a", "b", "ab"];
  const tags = Array.from({ length: 1200 }, (_, i) => replays.follow({ prefix: prefixes[i % 4]! }));
  await until(() => replays.log.followers === tags.length, "all wait");
  const topics = ["a1", "b1", "ab2", "c", "b2", "a3", "ab4", "c", "b5"];
  for (const topic of topics) {
    replays.publish(topic);
    await settled();
  }
  const expected = prefixes.map((prefix) => topics.filter((topic) => topic.startsWith(prefix)));
  await until(
    () => tags.every((tag, i) => replays.topics(tag).length >= expected[i % 4]!.length),
    "all events",
  );
  for (const [i, tag] of tags.entries()) assert.deepEqual(replays.topics(tag), expected[i % 4]);
});

test("lost events are told to all", async () => {
  const replays = new Replays();
  const tags = ["a", "none"].map((prefix) => replays.follow({ prefix }));
  await until(() => replays.log.followers === 2, "both wait");
  replays.publish("a");
  const { epoch } = replays.log.last;
  replays.log.lose({ epoch, first: 2, last: 5 });
  const lost = (tag: number) => replays.answers.get(tag)!.flatMap(({ text }) => JSON.parse(text!).lost ?? []);
  await until(() => tags.every((tag) => lost(tag).length === 1), "the loss");
  assert.deepEqual(tags.map(lost), [[[2, 5]], [[2, 5]]]);
});

test("a guest has so many replays at once, and no more; those that are over don't count", async () => {
  const replays = new Replays({ guestReplays: 2 });
  const first = replays.follow({}, "a");
  const second = replays.follow({}, "b");
  const third = replays.follow({}, "a");
  const others = replays.follow({}, "c", GUEST + 1);
  await until(() => replays.log.followers === 3, "three wait");
  const refused = replays.answers.get(third)!.at(-1)!;
  assert.deepEqual(
    [refused.errnum, refused.text],
    [105, `user ${GUEST} has 2 replays, the most at once: one has to end first`],
  );
  replays.leave("b");
  await until(() => replays.log.followers === 2, "one has left");
  const fourth = replays.follow({ follow: false }, "b");
  await until(() => replays.answers.get(fourth)?.at(-1)?.errnum === 61, "it has ended");
  const fifth = replays.follow({}, "b");
  await until(() => replays.log.followers === 3, "another waits");
  assert.deepEqual(
    [first, second, others, fifth].map((tag) => replays.answers.get(tag)!.length),
    [1, 1, 1, 1],
  );
});

test("a sender that leaves takes all of its replays along, and nobody else's", async () => {
  const replays = new Replays();
  for (let i = 0; i < COUNT; i++) replays.follow({ prefix: `p${i}` }, "a");
  replays.follow({}, "b");
  await until(() => replays.log.followers === COUNT + 1, "all wait");
  replays.leave("a");
  assert.equal(replays.handlers.active, 1);
  await until(() => replays.log.followers === 1, "all have left");
});
