import { Closers } from "../control/closers.ts";
import { Program } from "../control/program.ts";
import type { Options } from "../options.ts";
import { type KeptEvents, Rig, type Run } from "../rig.ts";
import { SCENARIOS } from "../scenarios.ts";
import { median, medianRatio } from "../statistics.ts";

/** What keeping events costs a publication, and how fast they are given again. */
export interface EventLogCost {
  /** Confirmed publications to one subscriber, in events/s: by a broker that keeps none, and by those that keep them. */
  readonly off: readonly number[];
  readonly kept: readonly KeptCost[];
  readonly replay: ReplayCost;
}

export interface KeptCost {
  readonly where: "ring" | "disk";
  readonly rates: readonly number[];
  /** Median of the ratios to the broker without in the same round, and the least it may be. */
  readonly ratio: number;
  readonly limit: number;
  readonly met: boolean;
  /** Median processor time of the broker for each event, in microseconds, and how much of that is for keeping them. */
  readonly brokerMicros: number;
  readonly extraMicros: number;
}

/** A subscriber in a process of its own reads all events of the ring, again and again. */
export interface ReplayCost {
  readonly events: number;
  /** Events/s. */
  readonly rates: readonly number[];
  readonly median: number;
  readonly limit: number;
  readonly met: boolean;
}

/** Each is compared with the first. */
const KINDS: readonly KeptEvents[] = ["none", "ring", "disk"];
const { work: WORK } = SCENARIOS.find(({ name }) => name === "publish-64B")!;
const LIMITS = { ring: 0.95, disk: 0.75 } as const;
const REPLAY_LIMIT = 300_000;
/** Fewer than a ring keeps. */
const REPLAY_EVENTS = 200_000;
const WARM_UP_SECONDS = 0.8;
/** So many rounds for each run that is asked for: the limit of the ring is no further from 1 than two processes of a kind may be apart. */
const ROUNDS = 3;

/** Measures brokers that keep events in no place, in the ring, and in the ring and on disk without sync, in turn; then replays. */
export async function measureEventLog(options: Options): Promise<EventLogCost> {
  const rates = KINDS.map((): number[] => []);
  const micros = KINDS.map((): number[] => []);
  for (let round = 0; round < ROUNDS * options.runs; round++) {
    for (const [index, cost] of (await measureRound(options.seconds / 2)).entries()) {
      rates[index]!.push(cost.rate);
      micros[index]!.push(cost.brokerMicros);
    }
  }
  const kept = (["ring", "disk"] as const).map((where): KeptCost => {
    const index = KINDS.indexOf(where);
    const ratio = medianRatio(rates[index]!, rates[0]!);
    const limit = LIMITS[where];
    const brokerMicros = median(micros[index]!);
    const extraMicros = brokerMicros - median(micros[0]!);
    return { where, rates: rates[index]!, ratio, limit, met: ratio >= limit, brokerMicros, extraMicros };
  });
  return { off: rates[0]!, kept, replay: await measureReplay(options.runs) };
}

/**
 * Programs of their own for each kind, for one is some percent faster or slower than the next for all its life; each runs twice, in the order of the
 * kinds and back.
 */
async function measureRound(seconds: number): Promise<{ rate: number; brokerMicros: number }[]> {
  await using closers = new Closers();
  const rigs: Rig[] = [];
  for (const kind of KINDS) rigs.push(closers.use(await Rig.open("fluxbus", WORK, undefined, kind)));
  for (const rig of rigs) await rig.run(WARM_UP_SECONDS);
  const runs = new Map<Rig, Run[]>(rigs.map((rig) => [rig, []]));
  for (const rig of [...rigs, ...rigs.toReversed()]) runs.get(rig)!.push(await rig.run(seconds));
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  return [...runs.values()].map((both) => {
    const count = sum(both.map((run) => run.count));
    const cpu = sum(both.map((run) => run.cpuMicros.hub! * run.count));
    return { rate: count / sum(both.map((run) => run.seconds)), brokerMicros: cpu / count };
  });
}

async function measureReplay(runs: number): Promise<ReplayCost> {
  await using rig = await Rig.open("fluxbus", WORK, undefined, "ring");
  const uri = rig.at;
  await using program = new Program("replay");
  await program.call("open", { uri, events: REPLAY_EVENTS });
  const read = () => program.call<number>("read", { events: REPLAY_EVENTS });
  await read();
  const rates: number[] = [];
  for (let round = 0; round < runs; round++) rates.push(REPLAY_EVENTS / (await read()));
  const middle = median(rates);
  const met = middle >= REPLAY_LIMIT;
  return { events: REPLAY_EVENTS, rates, median: middle, limit: REPLAY_LIMIT, met };
}
