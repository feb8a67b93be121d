import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClientConnection } from "../../../src/broker/client-connection.ts";
import { BATCH_BYTES, type EventRun, FanOut } from "../../../src/broker/fan-out.ts";
import { DiskLog } from "../../../src/event-log/disk-log.ts";
import { EventIntake, INTAKE_LIMITS } from "../../../src/event-log/event-intake.ts";
import { RING_LIMITS } from "../../../src/event-log/ring-limits.ts";
import { DISK_LIMITS } from "../../../src/event-log/segment-list.ts";
import { Message } from "../../../src/message/index.ts";
import { EventLog } from "../../../src/replay/index.ts";
import { TemporaryFolder } from "../../helpers/temporary-folder.ts";
import { event, span } from "../event-log/events.ts";
import { ManualClock } from "../event-log/manual-clock.ts";

test("a rank's ring keeps its events and its bytes", () => {
  for (const bytes of [0, 16 * 1024]) {
    const log = new EventLog({ rank: 0, schedule: queueMicrotask });
    const count = bytes === 0 ? RING_LIMITS.events + 10 : Math.ceil((1.2 * RING_LIMITS.bytes) / bytes);
    const payload = new Uint8Array(bytes);
    for (let seq = 1; seq <= count; seq++) log.append(Message.event({ topic: "e", seq, payload }));
    const ring = log.stat()["ring"] as { readonly events: number; readonly bytes: number };
    assert(ring.events <= RING_LIMITS.events && ring.bytes <= RING_LIMITS.bytes, JSON.stringify(ring));
    const share = Math.max(ring.events / RING_LIMITS.events, ring.bytes / RING_LIMITS.bytes);
    assert(share > 0.9 && ring.events < count, JSON.stringify(ring));
    log.stop();
  }
});

test("a batch of events goes to its clients when it holds its bytes", () => {
  const runs: EventRun[] = [];
  const fanOut = new FanOut(
    (_client, run) => runs.push(run),
    () => {},
  );
  const client = { link: {}, joinBatch() {}, leaveBatch() {} } as unknown as ClientConnection;
  const clients = new Set([client]);
  const bytes = new Uint8Array(2 * BATCH_BYTES);
  const words = new DataView(bytes.buffer);
  let seq = 0;
  const add = (start: number, end: number): void => fanOut.add(clients, { bytes, words, start, end }, ++seq);
  const half = BATCH_BYTES / 2;
  add(0, half);
  add(half, BATCH_BYTES - 1);
  assert.equal(runs.length, 0);
  add(BATCH_BYTES - 1, BATCH_BYTES);
  assert.deepEqual(
    runs.map(({ start, end, count, first }) => [start, end, count, first]),
    [[0, BATCH_BYTES, 3, 1]],
  );
});

test("a log on disk is opened with its limits", async () => {
  await using folder = await TemporaryFolder.make();
  await using log = await DiskLog.open({ folder: folder.of("events"), now: Date.now });
  assert.deepEqual(log.limits, DISK_LIMITS);
});

/** An intake with its default limits, what it asked for, and what it gave up. */
function intakeOf(clock: ManualClock) {
  const asked: string[] = [];
  const lost: string[] = [];
  const intake = new EventIntake({
    clock,
    ask: ({ first, last }) => {
      asked.push(`${first}-${last}`);
      return new Promise(() => {});
    },
    deliver() {},
    lost: ({ first, last }, reason) => lost.push(`${reason} ${first}-${last}`),
  });
  return { intake, asked, lost };
}

test("events behind a gap are held up to their number and their bytes", () => {
  const { heldEvents, heldBytes } = INTAKE_LIMITS;
  const { intake } = intakeOf(new ManualClock());
  intake.receive(event(1));
  for (const seq of span(3, heldEvents + 12)) intake.receive(event(seq));
  assert.deepEqual([intake.stats.held, intake.stats.overflows], [heldEvents, 10]);
  const large = intakeOf(new ManualClock()).intake;
  large.receive(event(1));
  const payload = new Uint8Array(1024 * 1024);
  const ofSize = (seq: number): Message => Message.event({ topic: "e", seq, payload });
  const fit = Math.floor(heldBytes / ofSize(1).frameBytes());
  for (const seq of span(3, fit + 7)) large.receive(ofSize(seq));
  assert.deepEqual([large.stats.held, large.stats.overflows], [fit, 5]);
  assert(large.stats.heldBytes <= heldBytes);
});

test("a gap is asked for again, and given up, after its times", async () => {
  const { askMs, repairMs } = INTAKE_LIMITS;
  const clock = new ManualClock();
  const { intake, asked, lost } = intakeOf(clock);
  intake.receive(event(1));
  intake.receive(event(3));
  await clock.advance(askMs - 1);
  assert.deepEqual(asked, ["2-2"]);
  await clock.advance(100);
  assert.deepEqual(asked, ["2-2", "2-2"]);
  await clock.advance(repairMs - askMs - 100);
  assert.deepEqual(lost, []);
  await clock.advance(1);
  assert.deepEqual(lost, ["late 2-2"]);
});
