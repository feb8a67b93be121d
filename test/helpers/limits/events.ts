import { BATCH_BYTES } from "../../../src/broker/fan-out.ts";
import { PENDING_BYTES, SEGMENT_BYTES } from "../../../src/event-log/disk-log.ts";
import { INTAKE_LIMITS } from "../../../src/event-log/event-intake.ts";
import { RING_LIMITS } from "../../../src/event-log/ring-limits.ts";
import { DISK_LIMITS } from "../../../src/event-log/segment-list.ts";
import { RESPONSE_MS } from "../../../src/instance/event-repair.ts";
import { MAX_QUEUE } from "../../../src/module/bundled/event-log.ts";
import { bytes, count, type LimitRow, time } from "./row.ts";

const { heldEvents, heldBytes, repairMs, askMs } = INTAKE_LIMITS;

/** What is kept of events. */
export const EVENTS: readonly LimitRow[] = [
  {
    what: "events in a rank's ring",
    limit: `${count(RING_LIMITS.events)}, ${bytes(RING_LIMITS.bytes)} (\`event-log.ring-*\`)`,
    beyond: "the oldest go",
    shownBy: [
      ["unit/event-log/event-ring.test.ts", "keeps no more than its limits: the oldest go"],
      ["unit/limits/events.test.ts", "a rank's ring keeps its events and its bytes"],
    ],
  },
  {
    what: "events of a turn for the same clients, before they are in their sinks",
    limit: bytes(BATCH_BYTES),
    beyond: "they go there",
    shownBy: [
      ["unit/limits/events.test.ts", "a batch of events goes to its clients when it holds its bytes"],
    ],
  },
  {
    what: "events on disk",
    limit: `${bytes(DISK_LIMITS.bytes)} (\`event-log.disk-*\`), segments of ${bytes(SEGMENT_BYTES)}`,
    beyond: "the oldest segments go",
    shownBy: [
      ["unit/event-log/disk-log.test.ts", "whole segments go for the limits of events, bytes and age"],
      ["unit/limits/events.test.ts", "a log on disk is opened with its limits"],
    ],
  },
  {
    what: "events that wait for the disk",
    limit: bytes(PENDING_BYTES),
    beyond: "they go past it, and are known as lost there",
    shownBy: [["unit/event-log/disk-log.test.ts", "more than may wait goes by, and is lost"]],
  },
  {
    what: "events held back behind a gap, on a rank above 0",
    limit: `${count(heldEvents)}, ${bytes(heldBytes)}`,
    beyond: "the broker drops them, and requests them again",
    shownBy: [
      ["unit/event-log/event-intake.test.ts", "an event that finds no room is forgotten and asked for again"],
      ["unit/limits/events.test.ts", "events behind a gap are held up to their number and their bytes"],
    ],
  },
  {
    what: "time to repair a gap",
    limit: `${time(repairMs)} without anything coming of it; ${time(askMs)} for an answer, ${time(RESPONSE_MS)} for each of its responses`,
    beyond: "the gap is lost, which is logged and told to replays; it is asked for again",
    shownBy: [
      [
        "unit/event-log/event-intake.test.ts",
        "what does not come in time is lost, and everything behind goes on",
      ],
      ["unit/limits/events.test.ts", "a gap is asked for again, and given up, after its times"],
    ],
  },
  {
    what: "events that wait for the module event-log",
    limit: count(MAX_QUEUE),
    beyond: "the oldest are lost, which is logged, and known as lost there",
    shownBy: [["suite/client/subscribe.test.ts", "overflow: the dropping policies count what they drop"]],
  },
];
