import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { expectTypeOf } from "expect-type";
import type {
  Event,
  EventMark,
  Flux,
  LostEvents,
  Replay,
  Since,
  Subscription,
} from "../../../src/client/index.ts";
import { Role } from "../../../src/message/index.ts";
import type { EventClock } from "../../../src/replay/index.ts";
import { TestInstance } from "../../../src/testing/index.ts";
import { drain, rejects } from "../../helpers/rejects.ts";
import { words, wordsTo } from "../../helpers/replays.ts";
import { until } from "../../helpers/until.ts";
import { GUEST, OWNER, Users } from "../../helpers/users.ts";

async function publish(flux: Flux, ...topics: string[]): Promise<void> {
  for (const topic of topics) await flux.publish(topic, { topic });
}

/** The latest position. */
function last(instance: TestInstance): { epoch: number; seq: number } {
  return instance.broker.events!.last;
}

/** An instance that keeps the last four of its ten events, `a.1` to `a.10`. */
async function forgetful(): Promise<{ instance: TestInstance; flux: Flux }> {
  const instance = await TestInstance.start({ events: { ring: { events: 4 } } });
  const flux = await instance.connect();
  for (let n = 1; n <= 10; n++) await publish(flux, `a.${n}`);
  return { instance, flux };
}

describe("a replay begins", () => {
  test("with the oldest event, behind a number, behind a position, with the next one", async () => {
    await using instance = await TestInstance.start();
    const flux = await instance.connect();
    await publish(flux, "a.1", "b.2", "a.3", "a.4");
    const { epoch } = last(instance);
    const begins: [Since, string[]][] = [
      ["begin", ["a.1@1", "a.3@3", "a.4@4", "a.5@5"]],
      [{ seq: 0 }, ["a.1@1", "a.3@3", "a.4@4", "a.5@5"]],
      [{ seq: 3 }, ["a.4@4", "a.5@5"]],
      [{ epoch, seq: 1 }, ["a.3@3", "a.4@4", "a.5@5"]],
      [{ epoch: 0, seq: 3 }, ["a.4@4", "a.5@5"]],
      [{ epoch, seq: 4 }, ["a.5@5"]],
      ["now", ["a.5@5"]],
    ];
    const replays = begins.map(([since]) => flux.subscribe("a.", { since }));
    await Promise.all(replays.map(({ ready }) => ready));
    await publish(flux, "a.5");
    for (const [index, [since, expected]] of begins.entries())
      assert.deepEqual(await words(replays[index]!, expected.length), expected, JSON.stringify(since));
    await Promise.all(replays.map((replay) => replay.close()));
  });

  test("with what came at a time, a number or a date", async () => {
    let now = 1_700_000_000_000;
    const clock: EventClock = {
      now: () => now,
      after(ms, call) {
        const timer = setTimeout(call, ms);
        return () => clearTimeout(timer);
      },
    };
    await using instance = await TestInstance.start({ events: { clock } });
    const flux = await instance.connect();
    for (const topic of ["a.1", "a.2", "a.3"]) {
      now += 1000;
      await publish(flux, topic);
    }
    const times: [time: number | Date, first: string][] = [
      [0, "a.1@1"],
      [1_700_000_001_000, "a.1@1"],
      [1_700_000_001_500, "a.2@2"],
      [new Date(1_700_000_003_000), "a.3@3"],
    ];
    for (const [time, first] of times) {
      await using replay = flux.subscribe("a.", { since: { time } });
      assert.deepEqual(await words(replay, 1), [first], String(time));
    }
    await using later = flux.subscribe("a.", { since: { time: 1_700_000_004_000 } });
    await later.ready;
    await publish(flux, "a.4");
    assert.deepEqual(await words(later, 1), ["a.4@4"]);
  });

  test("not at what has not been yet, nor at no time, nor without a log", async () => {
    await using instance = await TestInstance.start();
    const flux = await instance.connect();
    await publish(flux, "a");
    const { epoch } = last(instance);
    const wrong: [Since, RegExp][] = [
      [{ seq: 2 }, new RegExp(`event ${epoch}:2 has not come yet: the last is ${epoch}:1`)],
      [{ epoch: epoch + 1, seq: 0 }, new RegExp(`event ${epoch + 1}:0 has not come yet`)],
      [{ time: Number.NaN }, /since\.time is no time/],
      [{ epoch, seq: -1 }, /since/],
    ];
    for (const [since, message] of wrong) {
      const replay = flux.subscribe("a", { since });
      assert.match((await rejects(replay.ready, "EINVAL")).message, message);
      const { items, error } = await drain(replay);
      assert.deepEqual([items, error?.code], [[], "EINVAL"]);
    }
    await using without = await TestInstance.start({ events: null });
    const bare = (await without.connect()).subscribe("", { since: "begin" });
    const text = "no events are kept here: there is neither event.replay nor event-log.replay";
    await rejects(bare.ready, "ENOSYS", text);
    assert.equal((await drain(bare)).error?.code, "ENOSYS");
  });
});

describe("a replay goes on", () => {
  test("with what comes while it reads what was, each event once and in order", async () => {
    await using instance = await TestInstance.start();
    const [publisher, reader] = [await instance.connect(), await instance.connect()];
    const count = 6000;
    let published = 0;
    const publishing = (async () => {
      while (published < count) {
        const batch = Array.from({ length: 50 }, (_, i) => publisher.publish("e", { n: published + i + 1 }));
        published += (await Promise.all(batch)).length;
      }
    })();
    await until(() => published > 1000, "events to begin with");
    const replays = ["begin", { seq: 500 }, "now"].map((since) =>
      reader.subscribe("e", { since: since as Since }),
    );
    for (const [index, replay] of replays.entries()) {
      await replay.ready;
      const first = replay.position!.seq + 1;
      if (index < 2) assert.equal(first, [1, 501][index]);
      let expected = first;
      for await (const event of replay) {
        assert.equal(event.seq, expected);
        assert.deepEqual(event.json(), { n: expected });
        expected++;
        if (expected > count) break;
      }
    }
    await publishing;
    await until(() => reader.pending === 0, "no request is open");
  });

  test("behind its position, by whoever has that", async () => {
    await using instance = await TestInstance.start();
    const flux = await instance.connect();
    await publish(flux, "a.1", "b.2", "a.3", "a.4");
    const first = flux.subscribe("a.", { since: "begin" });
    assert.deepEqual(await words(first, 2), ["a.1@1", "a.3@3"]);
    await first.close();
    assert.deepEqual(first.position, { epoch: last(instance).epoch, seq: 3 });
    await using second = (await instance.connect()).subscribe("", { since: first.position! });
    assert.deepEqual(await words(second, 1), ["a.4@4"]);
    const [event] = [(await publishAndTake(flux, second)).value!];
    assert.deepEqual(
      [event.kind, event.epoch, event.position],
      ["event", last(instance).epoch, last(instance)],
    );
  });

  const publishAndTake = async (flux: Flux, replay: Replay): Promise<IteratorResult<Event, undefined>> => {
    await publish(flux, "next");
    return replay.next();
  };

  test("without losing anything for a reader that is slow, and holds little for it", async () => {
    await using instance = await TestInstance.start();
    const flux = await instance.connect();
    const count = 3000;
    const pad = "x".repeat(500);
    await Promise.all(Array.from({ length: count }, (_, n) => flux.publish("e", { n, pad })));
    await using replay = flux.subscribe("e", { since: "begin", maxQueue: 8 });
    let most = 0;
    for (let seq = 1; seq <= count; seq++) {
      most = Math.max(most, replay.queued);
      assert.equal((await replay.next()).value?.seq, seq);
      if (seq % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    // A response that came counts whole: 64 KiB of frames.
    assert(most < 200, `${most} were held`);
    assert.equal(replay.losses, 0);
  });

  test("until its reader leaves, it is closed, aborted, or its handle is: then the broker hears of it", async () => {
    await using instance = await TestInstance.start();
    const flux = await instance.connect();
    await publish(flux, "a", "b", "c");
    const ends: ((replay: Replay, stop: AbortController) => unknown)[] = [
      async (replay) => {
        for await (const _event of replay) break;
      },
      (replay) => replay.close(),
      (_replay, stop) => stop.abort(),
      (replay) => replay[Symbol.asyncDispose](),
    ];
    for (const end of ends) {
      const stop = new AbortController();
      const replay = flux.subscribe("", { since: "begin", signal: stop.signal });
      await replay.ready;
      assert.equal(flux.pending, 1);
      await end(replay, stop);
      await until(() => flux.pending === 0, "the broker ends the request");
    }
    const aborted = flux.subscribe("", { since: "begin", signal: AbortSignal.abort() });
    assert.deepEqual(await aborted.next(), { done: true, value: undefined });
    await rejects(aborted.ready, "ECANCELED");
    const other = await instance.connect();
    const left = other.subscribe("", { since: "begin" });
    await left.ready;
    await other.close();
    // What it holds it still gives.
    assert.deepEqual(
      (await drain(left)).items.map(({ seq }) => seq),
      [1, 2, 3],
    );
  });
});

describe("what is lost", () => {
  test("ends the iteration with ESTALE, unless somebody hears of it", async () => {
    const { instance, flux } = await forgetful();
    await using _ = instance;
    const { epoch } = last(instance);
    const { items, error } = await drain(flux.subscribe("a.", { since: { seq: 2 } }));
    const text = `events 3 to 6 of epoch ${epoch} are no longer kept: pass onLost, or marks, to go on without them`;
    assert.deepEqual([items, error?.code, error?.text], [[], "ESTALE", text]);
    const heard: LostEvents[] = [];
    await using replay = flux.subscribe("a.", { since: { seq: 2 }, onLost: (lost) => heard.push(lost) });
    assert.deepEqual(await words(replay, 1), ["a.7@7"]);
    assert.deepEqual([heard, replay.losses], [[{ epoch, first: 3, last: 6 }], 1]);
  });

  test("stands in its place among the marks, which say how far all is told", async () => {
    const { instance, flux } = await forgetful();
    await using _ = instance;
    await using replay = flux.subscribe("a.", { since: { seq: 2 }, marks: true });
    const seen = await wordsTo(replay, "=10");
    const told = seen.filter((item) => !item.startsWith("="));
    assert.deepEqual(told, ["!3-6", "a.7@7", "a.8@8", "a.9@9", "a.10@10"]);
    assert.equal(replay.losses, 1);
    // Events of others move the mark on too.
    await publish(flux, "b.11", "b.12");
    assert((await wordsTo(replay, "=12")).every((item) => item.startsWith("=")));
    assert.deepEqual(replay.position, last(instance));
  });

  test("is nothing at the beginning of what is kept", async () => {
    const { instance, flux } = await forgetful();
    await using _ = instance;
    for (const since of ["begin", { time: 0 }] as const) {
      await using replay = flux.subscribe("", { since, marks: true });
      const [mark, event] = await words(replay, 2);
      assert.deepEqual([mark, event], ["=6", "a.7@7"]);
    }
  });
});

test("a private event is none for a guest, and leaves no gap; its own it sees", async () => {
  await using users = await Users.start();
  const [owner, guest] = [await users.connect(OWNER), await users.connect(GUEST)];
  await publish(owner, "a.1");
  await owner.publish("a.2", {}, { private: true });
  await guest.publish("a.3", {}, { private: true });
  await publish(owner, "a.4");
  const options = { since: "begin", marks: true, allow: Role.ALL } as const;
  const told = async (flux: Flux): Promise<string[]> => {
    await using replay = flux.subscribe("a.", options);
    return (await wordsTo(replay, "=4")).filter((item) => !item.startsWith("="));
  };
  assert.deepEqual(await told(guest), ["a.1@1", "a.3@3", "a.4@4"]);
  assert.deepEqual(await told(owner), ["a.1@1", "a.2@2", "a.3@3", "a.4@4"]);
  // By default an owner takes no events of guests.
  await using replay = owner.subscribe("a.", { since: "begin" });
  assert.deepEqual(await words(replay, 3), ["a.1@1", "a.2@2", "a.4@4"]);
  assert.equal(replay.refused, 1);
});

test("what a replay gives is known to the compiler", () => {
  const take = (flux: Flux) =>
    [
      flux.subscribe("a"),
      flux.subscribe("a", { since: "now" }),
      flux.subscribe("a", { since: "now", marks: true }),
    ] as const;
  expectTypeOf(take).returns.toEqualTypeOf<readonly [Subscription, Replay, Replay<Event | EventMark>]>();
  expectTypeOf<Replay[typeof Symbol.asyncIterator]>().returns.toEqualTypeOf<Replay>();
  expectTypeOf<EventMark["kind"]>().toEqualTypeOf<"complete" | "lost">();
  expectTypeOf<{ time: Date }>().toExtend<Since>();
  expectTypeOf<{ epoch: number }>().not.toExtend<Since>();
});
