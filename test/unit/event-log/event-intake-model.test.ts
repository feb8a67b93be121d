import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { EventIntake, type RepairAnswer } from "../../../src/event-log/index.ts";
import { type EventRange, LAST_SEQ } from "../../../src/message/index.ts";
import { event } from "./events.ts";
import { ManualClock } from "./manual-clock.ts";

/** Numbers on a line, as they stand on the wire: the run starts shortly before the end of the 32 bits. */
const START = LAST_SEQ - 40;
const seqAt = (place: number): number => ((START + place - 1) % LAST_SEQ) + 1;
const epochAt = (place: number): number => (START + place <= LAST_SEQ ? 3 : 4);
const placeOf = (epoch: number, seq: number): number => seq - START + (epoch === 4 ? LAST_SEQ : 0);

/** What happens to an event on its way down. */
const anyFate = fc.oneof(
  { weight: 10, arbitrary: fc.constant("arrives" as const) },
  { weight: 3, arbitrary: fc.constant("lost" as const) },
  { weight: 1, arbitrary: fc.constant("twice" as const) },
  { weight: 1, arbitrary: fc.constant("swapped" as const) },
);

/** What becomes of an ask. */
const anyReply = fc.record({
  kind: fc.constantFrom("answer", "answer", "answer", "part", "shuffled", "fails", "never", "nothing"),
  delayMs: fc.constantFrom(0, 1, 20, 300),
});

const anyRun = fc.record({
  fates: fc.array(anyFate, { minLength: 1, maxLength: 120 }),
  replies: fc.array(anyReply, { minLength: 1, maxLength: 40 }),
  /** Places of which the parent has nothing any more: those that this divides; 0: none. */
  gone: fc.constantFrom(0, 2, 3, 7),
  heldEvents: fc.constantFrom(1, 4, 1000),
  everyMs: fc.constantFrom(0, 1, 15),
  answers: fc.boolean(),
});

test("whatever is lost, doubled or swapped: each event once and in order, or reported in its place", async () => {
  await fc.assert(
    fc.asyncProperty(anyRun, async ({ fates, replies, gone, heldEvents, everyMs, answers }) => {
      const clock = new ManualClock();
      const out: number[] = [];
      const lost = new Set<number>();
      let sent = 0;
      let asks = 0;
      let asking = 0;
      // One ask at a time, for what there is.
      let sane = true;
      const isGone = (place: number): boolean => gone !== 0 && place % gone === 0;
      const ask = async ({ epoch, first, last }: EventRange, signal: AbortSignal): Promise<RepairAnswer> => {
        sane &&= asking++ === 0;
        signal.addEventListener("abort", () => {
          asking = 0;
        });
        const { kind, delayMs } = replies[asks++ % replies.length]!;
        await new Promise<void>((resolve) => {
          if (answers && kind !== "never") clock.after(delayMs, resolve);
        });
        if (!signal.aborted) asking = 0;
        if (kind === "fails") throw new Error("failed");
        const places: number[] = [];
        for (let place = placeOf(epoch, first); place <= placeOf(epoch, last); place++) places.push(place);
        sane &&= places.length > 0 && places.at(-1)! <= sent;
        let given = places.filter((place) => !isGone(place));
        if (kind === "part") given = given.filter((place) => place % 3 !== asks % 3);
        if (kind === "shuffled") given.reverse();
        if (kind === "nothing") return { events: [], gone: [] };
        return {
          events: given.map((place) => event(seqAt(place))),
          gone: places.filter(isGone).map((place) => [seqAt(place), seqAt(place)]),
        };
      };
      const intake = new EventIntake({
        clock,
        ask,
        deliver: ({ seq }) => {
          out.push(out.length + 1);
          assert.equal(seq, seqAt(out.length), "not the next event");
        },
        lost: ({ epoch, first, last }) => {
          for (let place = placeOf(epoch, first); place <= placeOf(epoch, last); place++) {
            out.push(place);
            assert.equal(out.length, place, "not the next event");
            assert.equal(epochAt(place), epoch);
            lost.add(place);
          }
        },
        limits: { heldEvents, repairMs: 1000, askMs: 200 },
      });
      intake.baseline({ epoch: 3, seq: START });
      for (const [i, fate] of fates.entries()) {
        sent = i + 1;
        if (fate === "swapped") intake.receive(event(seqAt(++sent)));
        const copies = fate === "lost" ? 0 : fate === "twice" ? 2 : 1;
        for (let copy = 0; copy < copies; copy++) intake.receive(event(seqAt(i + 1)));
        assert(intake.stats.held <= heldEvents);
        await clock.advance(everyMs);
      }
      intake.expect({ epoch: epochAt(sent), seq: seqAt(sent) });
      await clock.advance(60_000);
      assert(sane);
      assert.equal(out.length, sent, "something is still missing");
      assert.equal(intake.repairing, false);
      assert.equal(intake.stats.lost, lost.size);
      assert.equal(intake.stats.held, 0);
      assert.deepEqual(intake.position, { epoch: epochAt(sent), seq: seqAt(sent) });
      const healthy = answers && replies.every(({ kind }) => ["answer", "part", "shuffled"].includes(kind));
      if (healthy && replies.every(({ delayMs }) => delayMs < 200))
        for (const place of lost) assert(isGone(place), `${place} was lost without need`);
    }),
    { numRuns: 300 },
  );
});
