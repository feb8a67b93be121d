export type { DiskLog } from "./disk-log.ts";
export type { DiskLogOptions, DiskNotice, DiskStats } from "./disk-log-options.ts";
export { type EventBatch, emptyBatch, type ReadOptions, type SeqRange } from "./event-batch.ts";
export type { EventSpan } from "./event-frame.ts";
export {
  EventIntake,
  type EventIntakeOptions,
  type IntakeClock,
  type IntakeLimits,
  type IntakeStats,
  type LostReason,
  type RepairAnswer,
} from "./event-intake.ts";
export { EventRing, type RingStats } from "./event-ring.ts";
export { EventSheet } from "./event-sheet.ts";
export { EventHistory, type Since } from "./history.ts";
export { openDiskLog } from "./open-disk-log.ts";
export type { Cut } from "./open-segment.ts";
export { type RelayedEvents, relayedBatch } from "./relayed-batch.ts";
export { RING_LIMITS, type RingLimits } from "./ring-limits.ts";
export type { DiskLimits } from "./segment-list.ts";
