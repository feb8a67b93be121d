import { LAST_SEQ } from "../../src/message/index.ts";
import { Chance } from "./event-simulation-chance.ts";
import { CALM, type Climate } from "./event-simulation-weather.ts";

/** What happens in a simulation besides the weather, at a time in milliseconds from its beginning. */
export type Strike =
  | { readonly kind: "crash"; readonly rank: number; readonly at: number; readonly downMs: number }
  | { readonly kind: "cut"; readonly rank: number; readonly at: number }
  | { readonly kind: "freeze"; readonly rank: number; readonly at: number; readonly ms: number }
  | { readonly kind: "drop"; readonly subscriber: number; readonly at: number }
  | { readonly kind: "weather"; readonly climate: Climate; readonly at: number };

/** How a subscriber begins. */
export type Beginning = "begin" | "now" | "seq" | "time" | "cursor";

export interface SubscriberPlan {
  readonly prefix: string;
  readonly guest: number | undefined;
  readonly takesGuests: boolean;
  readonly beginning: Beginning;
  /** When it comes. */
  readonly at: number;
  /** Marks between the events; else it hears of lost ones by a call. */
  readonly marks: boolean;
  /** Its handle stays and reconnects when its rank ends. */
  readonly stays: boolean;
  /** Items between two changes of rank; 0: it stays where it is. */
  readonly roamsAfter: number;
  readonly maxQueue: number | undefined;
  /** Chance that it pauses behind an item, and how long at most. */
  readonly pauses: number;
  readonly pauseMs: number;
}

export interface PublisherPlan {
  readonly rank: number;
  readonly guest: number | undefined;
  /** Longest time between two bursts, and most events in one. */
  readonly everyMs: number;
  readonly burst: number;
  /** Most events in all. */
  readonly most: number;
  readonly confirmed: number;
  readonly secret: number;
}

/** All that is decided of a simulation before it begins. */
export interface Plan {
  readonly seed: number;
  /** Of each rank its parent, -1 for rank 0. */
  readonly parents: readonly number[];
  readonly bundles: boolean;
  /** Events that the ring of each rank keeps; 0: it keeps none and knows nothing of replays, as a broker of flux-core. */
  readonly rings: readonly number[];
  /** The number before the first. */
  readonly lastEvent: number;
  readonly climate: Climate;
  readonly strikes: readonly Strike[];
  readonly subscribers: readonly SubscriberPlan[];
  readonly publishers: readonly PublisherPlan[];
  /** How long events are published and things happen, in milliseconds. */
  readonly activeMs: number;
}

export const TOPICS = ["a.x", "a.y", "b.x", "c"] as const;
const PREFIXES = ["", "", "a.", "a.x", "b.", "c", "nothing."] as const;
const GUESTS = [1001, 1002] as const;

/** What a seed stands for. */
export function planOf(seed: number): Plan {
  const chance = new Chance(seed);
  const size = chance.between(7, 15);
  const parents = [-1];
  // From nearly a line to nearly a star.
  const reach = chance.pick([1, 2, 4, 15]);
  for (let rank = 1; rank < size; rank++) parents.push(Math.max(0, rank - 1 - chance.below(reach)));
  const activeMs = chance.between(500, chance.pick([2000, 4000, 12_000]));
  const small = chance.pick([4, 10, 40]);
  const ringOf = chance.pick([
    () => 100_000,
    () => 100_000,
    () => 100,
    () => chance.pick([small, 100, 1000]),
    (rank: number) => (rank === 0 ? 100_000 : small),
    () => small,
  ]);
  const forgetful = chance.pick([0, 0, 0, 0.3]);
  const climate = climateOf(chance);
  return {
    seed,
    parents,
    bundles: chance.happens(0.4),
    rings: parents.map((_, rank) => (rank > 0 && chance.happens(forgetful) ? 0 : ringOf(rank))),
    lastEvent: chance.happens(0.15) ? LAST_SEQ - chance.below(60) : 0,
    climate,
    strikes: strikesOf(chance, size, activeMs, climate),
    subscribers: Array.from({ length: chance.between(2, 6) }, () => subscriberOf(chance, activeMs)),
    publishers: Array.from({ length: chance.between(1, 4) }, () => publisherOf(chance, size)),
    activeMs,
  };
}

function climateOf(chance: Chance): Climate {
  if (chance.happens(0.1)) return CALM;
  const some = (rates: readonly number[]): number => chance.pick(rates);
  return {
    eventLoss: some([0, 0.01, 0.05, 0.2, 0.5]),
    eventTwice: some([0, 0, 0.05, 0.2]),
    eventLate: some([0, 0, 0.05, 0.2]),
    publishLoss: some([0, 0, 0.1]),
    askLoss: some([0, 0, 0, 0.05, 0.3]),
    answerLoss: some([0, 0, 0, 0.05, 0.3]),
    answerLate: some([0, 0, 0, 0.1, 0.5]),
    latencyMs: some([0, 0, 2, 20, 100]),
  };
}

function strikesOf(chance: Chance, size: number, activeMs: number, climate: Climate): Strike[] {
  const strikes: Strike[] = [];
  const count = chance.pick([0, 1, 2, 3, 5, 8]);
  const at = (): number => chance.below(activeMs);
  for (let i = 0; i < count; i++) {
    const rank = chance.between(1, size - 1);
    const kind = chance.pick(["crash", "crash", "cut", "freeze", "drop", "drop", "weather", "root"] as const);
    if (kind === "crash") strikes.push({ kind, rank, at: at(), downMs: chance.pick([1, 50, 500, 3000]) });
    else if (kind === "cut") strikes.push({ kind, rank, at: at() });
    else if (kind === "freeze") strikes.push({ kind, rank, at: at(), ms: chance.between(10, 4000) });
    else if (kind === "drop") strikes.push({ kind, subscriber: chance.below(8), at: at() });
    else if (kind === "root" && chance.happens(0.6))
      strikes.push({ kind: "crash", rank: 0, at: at(), downMs: chance.pick([1, 50, 2000]) });
    else {
      const start = at();
      strikes.push({ kind: "weather", climate: climateOf(chance), at: start });
      strikes.push({ kind: "weather", climate, at: start + chance.below(4000) });
    }
  }
  return strikes.sort((a, b) => a.at - b.at);
}

function subscriberOf(chance: Chance, activeMs: number): SubscriberPlan {
  const slow = chance.happens(0.3);
  return {
    prefix: chance.pick(PREFIXES),
    guest: chance.happens(0.3) ? chance.pick(GUESTS) : undefined,
    takesGuests: chance.happens(0.6),
    beginning: chance.pick(["begin", "now", "seq", "time", "cursor"] as const),
    at: chance.happens(0.4) ? 0 : chance.below(activeMs),
    marks: chance.happens(0.7),
    stays: chance.happens(0.4),
    roamsAfter: chance.pick([0, 0, 3, 20]),
    maxQueue: chance.pick([undefined, undefined, 1, 8]),
    pauses: slow ? 0.3 : 0,
    pauseMs: chance.pick([5, 100, 1000]),
  };
}

function publisherOf(chance: Chance, size: number): PublisherPlan {
  return {
    rank: chance.below(size),
    guest: chance.happens(0.25) ? chance.pick(GUESTS) : undefined,
    everyMs: chance.pick([20, 100, 500, 2000]),
    burst: chance.pick([1, 1, 3, 15]),
    most: chance.pick([10, 30, 80]),
    confirmed: chance.pick([0, 0.5, 1]),
    secret: chance.pick([0, 0, 0.3]),
  };
}
