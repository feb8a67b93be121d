import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { EventRing, type EventSpan } from "../../../src/event-log/index.ts";
import { decodeAll, type EventPosition, LAST_SEQ } from "../../../src/message/index.ts";
import { appendAt, event, span } from "./events.ts";

/** One thing that happens to a ring. */
const anyStep = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      topic: fc.constantFrom("a.b", "a.c", "b"),
      bytes: fc.constantFrom(0, 10, 300, 5000, 16_384, 20_000),
      secret: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ lose: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 1, arbitrary: fc.constant("rollover" as const) },
  { weight: 2, arbitrary: fc.constant("look" as const) },
);

const bytesAt = ({ bytes, start, end }: EventSpan): Uint8Array => bytes.slice(start, end);

interface Entry {
  readonly epoch: number;
  readonly seq: number;
  readonly topic?: string;
  readonly secret?: boolean;
  readonly time?: number;
}

test("a ring says what a plain list of events says", () => {
  const anyRun = fc.record({
    steps: fc.array(anyStep, { maxLength: 150 }),
    events: fc.integer({ min: 1, max: 60 }),
    bytes: fc.integer({ min: 100, max: 100_000 }),
    prefix: fc.constantFrom("", "a.", "a.c", "z"),
    blind: fc.boolean(),
    maxBytes: fc.constantFrom(1, 500, 30_000, 100_000),
    maxEvents: fc.constantFrom(1, 7, 1000),
    maxScanned: fc.constantFrom(1, 20, 1000),
    from: fc.nat(200),
  });
  fc.assert(
    fc.property(anyRun, ({ steps, events, bytes, prefix, blind, from, ...max }) => {
      const spans: { span: EventSpan; frame: Uint8Array }[] = [];
      const leaving = () => {
        for (const { span, frame } of spans.splice(0)) assert.deepEqual(bytesAt(span), frame);
      };
      const limits = { events, bytes };
      const ring = new EventRing({ after: { epoch: 1, seq: LAST_SEQ - 20 }, limits, leaving });
      const all: Entry[] = [];
      let at = { epoch: 1, seq: LAST_SEQ - 20 };
      for (const [index, step] of steps.entries()) {
        // Several come at one time, and now and then the clock is set back.
        const time = Math.floor(index / 3) - (index % 40 === 39 ? 20 : 0);
        if (step === "look") {
          const { taken, events: kept, dropped } = ring.stats;
          assert.deepEqual([taken, ring.last], [all.filter((entry) => "topic" in entry).length, at]);
          assert(kept + dropped === taken && kept <= events);
        } else if (step === "rollover") {
          at = { epoch: at.epoch + 10, seq: 0 };
          ring.rollover(at.epoch);
        } else if ("lose" in step) {
          const count = Math.min(step.lose, LAST_SEQ - at.seq);
          if (count === 0) continue;
          ring.lose({ epoch: at.epoch, first: at.seq + 1, last: at.seq + count });
          for (let i = 0; i < count; i++) all.push({ epoch: at.epoch, seq: ++at.seq });
        } else {
          at = at.seq === LAST_SEQ ? { epoch: at.epoch + 1, seq: 1 } : { epoch: at.epoch, seq: at.seq + 1 };
          const latest = all.findLast((entry) => entry.time !== undefined)?.time ?? time;
          all.push({ ...at, ...step, time: Math.max(time, latest) });
          const one = event(at.seq, step);
          const where = appendAt(ring, one, time);
          if (where !== undefined) spans.push({ span: where, frame: one.withoutRoutes().encode() });
        }
      }
      leaving();
      assert(ring.stats.events <= events && ring.stats.bytes <= bytes);
      const { first } = ring;
      const known = all.filter(
        ({ epoch, seq }) => epoch > first.epoch || (epoch === first.epoch && seq >= first.seq),
      );
      const seen: Entry[] = [];
      const lost: Entry[] = [];
      // From a position somewhere in the ring to its end.
      const start = known[from % Math.max(1, known.length)] ?? {
        epoch: ring.last.epoch,
        seq: ring.last.seq + 1,
      };
      let after: EventPosition = { epoch: start.epoch, seq: start.seq - 1 };
      for (let i = 0; ; i++) {
        assert(i < 1000, "does not end");
        const batch = ring.read(after, { prefix, see: blind ? () => false : undefined, ...max })!;
        assert(batch.count <= max.maxEvents && (batch.frames.length <= max.maxBytes || batch.count === 1));
        for (const [i, { seq, topic }] of decodeAll(batch.frames).entries())
          seen.push({ epoch: batch.epoch, seq, topic: topic!, time: batch.times[i]! });
        for (const [a, b] of batch.lost) lost.push(...span(a, b).map((seq) => ({ epoch: batch.epoch, seq })));
        if (!batch.ended && batch.through === ring.last.seq && batch.epoch === ring.last.epoch) break;
        assert(batch.ended || batch.through > after.seq, "no progress");
        after = batch.next;
      }
      const expected = known.slice(
        known.indexOf(start as Entry) < 0 ? known.length : known.indexOf(start as Entry),
      );
      const wanted = expected.filter(({ topic, secret }) => topic?.startsWith(prefix) && !(blind && secret));
      assert.deepEqual(
        seen,
        wanted.map(({ epoch, seq, topic, time }) => ({ epoch, seq, topic, time })),
      );
      assert.deepEqual(
        lost,
        expected.filter(({ topic }) => topic === undefined),
      );
    }),
    { numRuns: 400 },
  );
});
