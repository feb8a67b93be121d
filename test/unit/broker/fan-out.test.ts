import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Event, Flux, Subscription } from "../../../src/client/index.ts";
import { TestInstance, type TestInstanceOptions } from "../../../src/testing/index.ts";
import { within } from "../../helpers/until.ts";

/** To one subscriber, to several, to the publisher itself, to one that it matches twice besides another, to nobody. */
const TOPICS = ["one", "many", "self", "twice.x", "none"] as const;

/** Events of a topic, in a row. */
interface Publication {
  readonly topic: (typeof TOPICS)[number];
  readonly count: number;
  readonly bytes: number;
  readonly isPrivate: boolean;
}

/** Payloads of 16 KiB and more are passed on by reference; a ring's chunks have 4 KiB when its limit is small, a batch 16 KiB. */
const publication = fc.record<Publication>({
  topic: fc.constantFrom(...TOPICS),
  count: fc.integer({ min: 1, max: 40 }),
  bytes: fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 0, max: 200 }) },
    { weight: 2, arbitrary: fc.integer({ min: 200, max: 6000 }) },
    { weight: 1, arbitrary: fc.integer({ min: 16_000, max: 20_000 }) },
  ),
  isPrivate: fc.nat(4).map((dice) => dice === 0),
});

/** Bytes that no other event of the run has. */
function payloadOf(index: number, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, at) => (index * 31 + at * 7) & 0xff);
}

async function take(subscription: Subscription, count: number): Promise<Event[]> {
  const events: Event[] = [];
  for await (const event of subscription) if (events.push(event) === count) break;
  return events;
}

function expectAll(
  events: readonly Event[],
  wanted: readonly { seq: number; topic: string; payload: Uint8Array }[],
) {
  for (const [index, { seq, topic, payload }] of wanted.entries()) {
    const event = events[index]!;
    assert.deepEqual([event.seq, event.topic], [seq, topic]);
    assert.deepEqual(event.payload ?? new Uint8Array(), payload);
  }
}

const RINGS: Readonly<Record<string, TestInstanceOptions["events"]>> = {
  "no ring": null,
  "a ring of one event": { ring: { events: 1 } },
  "a ring too small for most events": { ring: { bytes: 150 } },
  "a ring of two chunks": { ring: { bytes: 8 * 1024 } },
  "the usual ring": {},
};

for (const [name, events] of Object.entries(RINGS)) {
  test(`every subscriber gets every byte of every event, with ${name}`, async () => {
    await using instance = await TestInstance.start({ events });
    const publisher = await instance.connect();
    const readers: Flux[] = [];
    for (let index = 0; index < 6; index++) readers.push(await instance.connect());
    let seq = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(publication, { minLength: 1, maxLength: 12 }), async (publications) => {
        const published = publications.flatMap(({ topic, count, bytes, isPrivate }) =>
          Array.from({ length: count }, () => {
            seq++;
            return { seq, topic, payload: payloadOf(seq, bytes), isPrivate };
          }),
        );
        const prefixes = [["one"], ["many"], ["many"], ["many"], ["twice"], ["twice", "twice."]];
        const wanted = (prefix: string) => published.filter(({ topic }) => topic.startsWith(prefix));
        const subscriptions = [...readers.entries()].flatMap(([index, reader]) =>
          prefixes[index]!.map((prefix) => ({ prefix, subscription: reader.subscribe(prefix) })),
        );
        subscriptions.push({ prefix: "self", subscription: publisher.subscribe("self") });
        await Promise.all(subscriptions.map(({ subscription }) => subscription.ready));
        for (const { topic, payload, isPrivate } of published)
          publisher.sendEvent(publisher.encodeEvent(topic, payload, { private: isPrivate }));
        for (const { prefix, subscription } of subscriptions) {
          const events = wanted(prefix);
          if (events.length > 0)
            expectAll(await within(take(subscription, events.length), `events of ${prefix}`), events);
          await subscription.close();
        }
      }),
      { numRuns: 25 },
    );
  });
}
