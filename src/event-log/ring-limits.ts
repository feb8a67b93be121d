/** What a ring keeps at most; beyond it the oldest events go. */
export interface RingLimits {
  /** Number of events: 65,536. */
  readonly events: number;
  /** Bytes of their frames: 8 MiB. Besides there are twelve bytes for each time at which some came, four to eight for each event of a chunk of up to 256 KiB that somebody has looked into, two chunks more, up to a seventh as much again behind frames that did not fill theirs, and with payloads of 16 KiB and more up to three quarters as much again. */
  readonly bytes: number;
  /** How long ago an event came, in milliseconds: no limit. */
  readonly ageMs: number;
}

export const RING_LIMITS: RingLimits = {
  events: 65_536,
  bytes: 8 * 1024 * 1024,
  ageMs: Number.POSITIVE_INFINITY,
};
