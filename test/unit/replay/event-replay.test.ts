import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Flux, readReplay } from "../../../src/client/index.ts";
import { type JsonObject, real } from "../../../src/json/index.ts";
import { EventLog, replayMethods } from "../../../src/replay/index.ts";
import { TestInstance } from "../../../src/testing/index.ts";
import { drain, rejects } from "../../helpers/rejects.ts";
import { event } from "../event-log/events.ts";
import { ManualClock } from "../event-log/manual-clock.ts";

/** An instance with the events 1 to 5 of its epoch, of which it keeps the last three. */
async function start(): Promise<{ instance: TestInstance; flux: Flux; epoch: number }> {
  const instance = await TestInstance.start({ events: { ring: { events: 3 } } });
  const flux = await instance.connect();
  for (const topic of ["a.1", "b.2", "a.3", "b.4"]) await flux.publish(topic, { n: 1 });
  await flux.publishRaw("a.5");
  return { instance, flux, epoch: instance.broker.events!.last.epoch };
}

/** The responses to event.replay. */
async function replay(flux: Flux, request: JsonObject = {}): Promise<JsonObject[]> {
  const { items, error } = await drain(flux.stream("event.replay", request));
  assert.equal(error, undefined);
  return items;
}

describe("event.replay", () => {
  test("answers with positions, what is lost, and the events, and ends", async () => {
    const { instance, flux, epoch } = await start();
    await using _ = instance;
    const [head, gap, part, ...more] = await replay(flux, { since: { seq: 1 } });
    assert.deepEqual(more, []);
    assert.deepEqual(head, { epoch, through: 1, events: [] });
    assert.deepEqual(gap, { epoch, through: 2, lost: [[2, 2]], events: [] });
    const { events, ...rest } = part as { events: JsonObject[] } & JsonObject;
    assert.deepEqual(rest, { epoch, through: 5 });
    assert.deepEqual(
      events.map(({ seq, topic, payload }) => [seq, topic, payload]),
      [
        [3, "a.3", btoa('{"n":1}\0')],
        [4, "b.4", btoa('{"n":1}\0')],
        [5, "a.5", undefined],
      ],
    );
    const { userid, rolemask, time } = events[0]!;
    assert.deepEqual([userid, rolemask], [process.getuid!(), 5]);
    assert(Math.abs(Number(time) - Date.now() / 1000) < 600, `${time} is in seconds`);
  });

  test("gives what was asked for", async () => {
    const { instance, flux, epoch } = await start();
    await using _ = instance;
    const seqs = async (request: JsonObject): Promise<[seqs: unknown[], through: unknown]> => {
      const parts = await replay(flux, request);
      const events = parts.flatMap((part) => part["events"] as JsonObject[]);
      return [events.map(({ seq }) => seq), parts.at(-1)!["through"]];
    };
    assert.deepEqual(await seqs({}), [[3, 4, 5], 5]);
    assert.deepEqual(await seqs({ prefix: "a." }), [[3, 5], 5]);
    assert.deepEqual(await seqs({ prefix: "none" }), [[], 5]);
    assert.deepEqual(await seqs({ until: { epoch, seq: 4 } }), [[3, 4], 4]);
    assert.deepEqual(await seqs({ limit: 1 }), [[3], 3]);
    assert.deepEqual(await seqs({ since: "now" }), [[], 5]);
    assert.deepEqual(await seqs({ since: { time: real(0) } }), [[3, 4, 5], 5]);
    assert.deepEqual(await seqs({ since: { epoch, seq: 4 } }), [[5], 5]);
  });

  test("in frames gives the events as they were", async () => {
    const { instance, flux, epoch } = await start();
    await using _ = instance;
    const request = { since: { seq: 3 }, encoding: "frames", times: true };
    const { items } = await drain(flux.callStream("event.replay", request));
    const parts = items.map(({ payload }) => readReplay(payload));
    assert.deepEqual(
      parts.map(({ through, events }) => [through, events.map(({ seq, topic }) => [seq, topic])]),
      [
        [3, []],
        [
          5,
          [
            [4, "b.4"],
            [5, "a.5"],
          ],
        ],
      ],
    );
    assert.equal(parts[1]!.epoch, epoch);
    assert.equal(parts[1]!.times?.length, 2);
  });

  test("says what is wrong with a request", async () => {
    const { instance, flux, epoch } = await start();
    await using _ = instance;
    const wrong: [JsonObject, string][] = [
      [{ prefix: 1 }, "replay: prefix is no text"],
      [{ follow: 1 }, "replay: follow is neither true nor false"],
      [{ encoding: "xml" }, 'replay: encoding is neither "json" nor "frames"'],
      [{ limit: 0 }, "replay: limit is no number from 1 on"],
      [{ times: "yes" }, "replay: times is neither true nor false"],
      [{ since: "never" }, 'replay: since is neither "begin", "now" nor an object'],
      [{ since: { time: "x" } }, "replay: since.time is no number of seconds"],
      [{ since: {} }, "replay: since is no position: epoch and seq are whole numbers from 0 on"],
      [
        { since: { seq: 2 ** 32 } },
        "replay: since is no position: epoch and seq are whole numbers from 0 on",
      ],
      [{ until: 5 }, "replay: until is no position: epoch and seq are whole numbers from 0 on"],
      [{ since: { seq: 6 } }, `event ${epoch}:6 has not come yet: the last is ${epoch}:5`],
    ];
    for (const [request, text] of wrong) {
      const { items, error } = await drain(flux.stream("event.replay", request));
      assert.deepEqual([items, error?.code, error?.text], [[], "EINVAL", text], JSON.stringify(request));
    }
    await rejects(flux.call("event.replay", {}), "EPROTO");
    assert.equal((await drain(flux.callStream("event.replay", "no object"))).error?.code, "EPROTO");
  });
});

describe("event.stat", () => {
  test("tells what is kept", async () => {
    const { instance, flux, epoch } = await start();
    await using _ = instance;
    const stat = await flux.rpc("event.stat");
    const ring = { events: 3, bytes: (stat["ring"] as JsonObject)["bytes"], taken: 5, dropped: 2, lost: 0 };
    const first = { epoch, seq: 3 };
    assert.deepEqual(stat, { epoch, last: 5, first, sync: false, ring, disk: null, repair: null });
  });
});

describe("who follows", () => {
  test("hears of events at once, and within a second how far it is complete when none are for it", async () => {
    const clock = new ManualClock();
    const log = new EventLog({
      rank: 0,
      clock,
      schedule: (call) => setImmediate(call),
      after: { epoch: 7, seq: 0 },
    });
    await using instance = await TestInstance.start({ events: null });
    const flux = await instance.connect();
    await using _ = await flux.serve("kept", replayMethods(log));
    await using stream = flux.stream("kept.replay", { prefix: "a.", follow: true });
    const next = async (): Promise<unknown[]> => {
      const { epoch, through, events } = (await stream.next()).value as { events: JsonObject[] } & JsonObject;
      return [epoch, through, events.map(({ topic }) => topic)];
    };
    assert.deepEqual(await next(), [7, 0, []]);
    log.append(event(1, { topic: "a.1" }));
    assert.deepEqual(await next(), [7, 1, ["a.1"]]);
    for (const seq of [2, 3]) log.append(event(seq, { topic: "b" }));
    const mark = next();
    await clock.advance(1000);
    assert.deepEqual(await mark, [7, 3, []]);
    log.append(event(4, { topic: "b" }));
    log.append(event(5, { topic: "a.5" }));
    assert.deepEqual(await next(), [7, 5, ["a.5"]]);
    log.stop();
  });
});

test("events go with their age, also when none come", async () => {
  const clock = new ManualClock();
  const log = new EventLog({
    rank: 0,
    clock,
    ring: { ageMs: 10_000 },
    schedule: setImmediate,
    after: { epoch: 7, seq: 0 },
  });
  for (const seq of [1, 2]) log.append(event(seq));
  await clock.advance(9000);
  log.append(event(3));
  assert.deepEqual(log.stat()["first"], { epoch: 7, seq: 1 });
  await clock.advance(2500);
  assert.deepEqual(log.stat()["first"], { epoch: 7, seq: 3 });
  log.stop();
  assert.equal(clock.pending, 0);
});
