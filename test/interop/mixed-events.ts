import assert from "node:assert/strict";
import { test } from "node:test";
import { EMPTY } from "../../src/base/index.ts";
import type { Event, Flux, Subscription } from "../../src/client/index.ts";
import { within } from "../helpers/until.ts";
import { type Handles, type Mix, STEP_MS } from "./mixes.ts";

/** Events that each rank publishes. */
const EACH = 30;
/** From this size of its payload on, an event that a flux-core broker passes to its children may not come to its own clients. */
const ZEROCOPY_BYTES = 64 * 1024;

/** Subscribes at every rank; resolves when all brokers know. */
export async function subscribeAll(handles: readonly Flux[], prefix: string): Promise<Subscription[]> {
  const subscriptions = handles.map((flux) => flux.subscribe(prefix));
  await Promise.all(subscriptions.map(({ ready }) => ready));
  return subscriptions;
}

/** The next events of a subscription, which stays open. */
async function take(subscription: Subscription, count: number, what: string): Promise<Event[]> {
  const events: Event[] = [];
  while (events.length < count) {
    const { value } = await within(subscription.next(), `event ${events.length} of ${what}`, STEP_MS);
    events.push(value!);
  }
  return events;
}

/** What an event was, for comparison. */
const seen = ({ seq, topic, private: isPrivate, userid, text }: Event) => ({
  seq,
  topic,
  isPrivate,
  userid,
  text,
});

/** Tests that events come from all ranks to all ranks in one order. */
export function testEvents(mix: Mix, handles: Handles): void {
  test("events of all ranks come to all ranks in one order with the same numbers", async () => {
    const all = handles();
    const subscriptions = await subscribeAll(all, "mix.");
    const numbers = new Map<string, number>();
    const publish = async (flux: Flux, rank: number): Promise<void> => {
      const confirmed: Promise<void>[] = [];
      for (let i = 0; i < EACH; i++) {
        const payload = { rank, i, text: "x".repeat(i * 37) };
        const isPrivate = i % 6 < 2;
        if (i % 2 === 0) {
          flux.sendEvent(flux.encodeEvent(`mix.told.${rank}.${i}`, payload, { private: isPrivate }));
          continue;
        }
        const topic = `mix.asked.${rank}.${i}`;
        const published = flux.publish(topic, payload, { private: isPrivate, timeoutMs: STEP_MS });
        confirmed.push(published.then(({ seq }) => void numbers.set(topic, seq)));
      }
      await Promise.all(confirmed);
    };
    await Promise.all(all.map(publish));

    const orders = await Promise.all(
      subscriptions.map(async (subscription, rank) =>
        (await take(subscription, EACH * all.length, `rank ${rank}`)).map(seen),
      ),
    );
    const [first, ...others] = orders;
    for (const order of others) assert.deepEqual(order, first);
    assert.deepEqual(
      first!.map(({ seq }) => seq),
      first!.map((_, i) => first![0]!.seq + i),
    );
    const byTopic = new Map(first!.map((event) => [event.topic, event]));
    assert.equal(byTopic.size, EACH * all.length);
    for (const [topic, seq] of numbers) assert.equal(byTopic.get(topic)!.seq, seq, topic);
    for (const { topic, isPrivate, userid, text } of first!) {
      const [, , rank, i] = topic.split(".").map(Number);
      assert.deepEqual(JSON.parse(text!), { rank, i, text: "x".repeat(i! * 37) });
      assert.deepEqual([isPrivate, userid], [i! % 6 < 2, process.getuid!()], topic);
    }
    for (const [way, offset] of [
      ["told", 0],
      ["asked", 1],
    ] as const) {
      for (let rank = 0; rank < all.length; rank++) {
        const order = first!.filter(({ topic }) => topic.startsWith(`mix.${way}.${rank}.`));
        const expected = Array.from({ length: EACH / 2 }, (_, i) => `mix.${way}.${rank}.${2 * i + offset}`);
        assert.deepEqual(
          order.map(({ topic }) => topic),
          expected,
        );
      }
    }
    await Promise.all(subscriptions.map((subscription) => subscription.close()));
  });

  test("an event may carry nothing, or a megabyte", async () => {
    const all = handles();
    const isDeaf = (rank: number) =>
      mix.kinds[rank] === "flux-core" && rank > 0 && rank < mix.kinds.length - 1;
    const subscriptions = all.map((flux, rank) => flux.subscribe(isDeaf(rank) ? "size.small" : "size."));
    await Promise.all(subscriptions.map(({ ready }) => ready));
    const bytes = new Uint8Array(1024 * 1024).map((_, i) => (i * 13) & 0xff);
    const sizes = [0, ZEROCOPY_BYTES - 1, bytes.length];
    for (const flux of all) {
      for (const size of sizes) {
        const topic = size < ZEROCOPY_BYTES ? "size.small" : "size.large";
        await flux.publishRaw(topic, bytes.subarray(0, size), { timeoutMs: STEP_MS });
      }
    }
    for (const [rank, subscription] of subscriptions.entries()) {
      const expected = all.flatMap(() => (isDeaf(rank) ? sizes.slice(0, 2) : sizes));
      const events = await take(subscription, expected.length, `rank ${rank}`);
      for (const [i, { payload = EMPTY }] of events.entries())
        assert.equal(Buffer.compare(payload, bytes.subarray(0, expected[i])), 0, `event ${i} at ${rank}`);
    }
    await Promise.all(subscriptions.map((subscription) => subscription.close()));
  });
}
