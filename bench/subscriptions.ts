import { Closers } from "./control/closers.ts";
import type { Options } from "./options.ts";
import { Rig } from "./rig.ts";
import { FEW_PREFIXES, MANY_PREFIXES, SUBSCRIPTIONS_LIMIT, subscriptionWork } from "./scenarios.ts";
import { median, medianRatio } from "./statistics.ts";
import type { SystemName } from "./systems/system.ts";

/** Rates of publication with few and with many prefixes subscribed, in events/s. */
export interface SubscriptionCost {
  readonly system: SystemName;
  readonly few: readonly number[];
  readonly many: readonly number[];
  readonly medianFew: number;
  readonly medianMany: number;
  /** Median of the ratios of the rate with many to the rate with few. */
  readonly ratio: number;
  readonly met: boolean;
}

const WARM_UP_SECONDS = 0.5;

/** Confirmed publications to one subscriber, in turn beside 10 and beside 10,000 prefixes of another connection. */
export async function compareSubscriptions(system: SystemName, options: Options): Promise<SubscriptionCost> {
  await using closers = new Closers();
  const few = closers.use(await Rig.open(system, subscriptionWork(FEW_PREFIXES), options));
  // On a system of its own the second rig has its own broker; a peer has only one, so there they take turns.
  const many =
    system === "peer" ? undefined : closers.use(await Rig.open(system, subscriptionWork(MANY_PREFIXES)));
  const rates = { few: [] as number[], many: [] as number[] };
  const rate = async (rig: Rig): Promise<number> => {
    const { count, seconds } = await rig.run(options.seconds);
    return count / seconds;
  };
  await few.run(WARM_UP_SECONDS);
  await many?.run(WARM_UP_SECONDS);
  for (let round = 0; round < options.runs; round++) {
    rates.few.push(await rate(few));
    if (many !== undefined) rates.many.push(await rate(many));
  }
  if (many === undefined) {
    await using alone = await Rig.open(system, subscriptionWork(MANY_PREFIXES), options);
    await alone.run(WARM_UP_SECONDS);
    for (let round = 0; round < options.runs; round++) rates.many.push(await rate(alone));
  }
  const ratio = medianRatio(rates.many, rates.few);
  return {
    system,
    ...rates,
    medianFew: median(rates.few),
    medianMany: median(rates.many),
    ratio,
    met: ratio >= SUBSCRIPTIONS_LIMIT,
  };
}
