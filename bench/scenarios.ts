import type { Work } from "./work.ts";

/** What the ratio of a scenario compares, and what is asked of it. */
export interface Scenario {
  readonly name: string;
  readonly work: Work;
  /** What one unit of the result is. */
  readonly unit: "responses/s" | "µs" | "events/s" | "deliveries/s";
  /** The limit for the ratio of fluxbus to the relay: at most for a time, at least for a rate. */
  readonly limit: number;
  /** Where it is meant to get to. */
  readonly aim: number;
}

const SIZES = [
  ["64B", 64],
  ["64KiB", 64 * 1024],
] as const;

const REQUEST: Work = {
  kind: "request",
  bytes: 64,
  inFlight: 1,
  responses: 1,
  subscribers: 0,
  otherPrefixes: 0,
};

/** The scenarios that are compared with the bare relay. */
export const SCENARIOS: readonly Scenario[] = SIZES.flatMap(([size, bytes]): Scenario[] => {
  const small = bytes < 1024;
  return [
    { name: `sequential-${size}`, work: { ...REQUEST, bytes }, unit: "µs", limit: 1.6, aim: 1.3 },
    {
      name: `in-flight-${size}`,
      work: { ...REQUEST, bytes, inFlight: 256 },
      unit: "responses/s",
      limit: 0.4,
      aim: 0.6,
    },
    {
      name: `stream-${size}`,
      work: { ...REQUEST, kind: "stream", bytes, inFlight: 4, responses: small ? 2000 : 64 },
      unit: "responses/s",
      limit: 0.5,
      aim: 0.5,
    },
    {
      name: `publish-${size}`,
      work: { ...REQUEST, kind: "publish", bytes, inFlight: 256, subscribers: 1 },
      unit: "events/s",
      limit: 0.35,
      aim: 0.35,
    },
    {
      name: `fan-out-${size}`,
      work: { ...REQUEST, kind: "fan-out", bytes, inFlight: small ? 64 : 8, subscribers: 100 },
      unit: "deliveries/s",
      limit: 0.5,
      aim: 0.5,
    },
  ];
});

/** Publications to one subscriber while other prefixes are subscribed: few, and many. */
export const FEW_PREFIXES = 10;
export const MANY_PREFIXES = 10_000;
export const subscriptionWork = (otherPrefixes: number): Work => ({
  ...REQUEST,
  kind: "publish",
  inFlight: 256,
  subscribers: 1,
  otherPrefixes,
});
/** Least ratio of the rate with many to the rate with few. */
export const SUBSCRIPTIONS_LIMIT = 0.8;
