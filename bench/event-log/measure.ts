import type { Build } from "../build.ts";
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

/** A subscriber in a process of its own reads the events of a ring, again and again. */
export interface ReplayCost {
  readonly events: number;
  /** Events/s. */
  readonly rates: readonly number[];
  readonly median: number;
  readonly limit: number;
  readonly met: boolean;
}

const { work: WORK } = SCENARIOS.find(({ name }) => name === "publish-64B")!;
const LIMITS = { ring: 0.95, disk: 0.75 } as const;
const REPLAY_LIMIT = 300_000;
/** Fewer than a ring keeps, and how often they are read for one rate. */
const REPLAY_EVENTS = 50_000;
const REPLAY_READS = 4;
/**
 * The engine compiles what a broker does all the time in the first seconds: by the 0.4 s, on a slow machine, a publication took it 6.2, 2.4, 2.1, 1.9,
 * 1.7 and then 1.7 µs. What is measured before that is the compiler.
 */
const WARM_UP_SECONDS = 2.5;
/**
 * So many rounds for each run that is asked for. Two brokers of a kind are up to 6 percent apart for all their life, which is more than the ring may cost: the
 * median of 30 rounds is good to 1 percent.
 */
const ROUNDS = { ring: 6, disk: 2 } as const;
/** Which of two brokers is next: the one as often as the other, as early, and as often behind itself as it can be. */
const TURNS = [0, 1, 1, 0, 1, 0, 0, 1] as const;

/** Measures brokers that keep events in the ring, and in the ring and on disk without sync, each beside one that keeps none; then replays. */
export async function measureEventLog(options: Options): Promise<EventLogCost> {
  const off: number[] = [];
  const kept: KeptCost[] = [];
  for (const where of ["ring", "disk"] as const) {
    const without: Cost[] = [];
    const within: Cost[] = [];
    for (let round = 0; round < ROUNDS[where] * options.runs; round++) {
      const { none, some } = await measureRound(where, (2 * options.seconds) / TURNS.length, round % 2 === 1);
      without.push(none);
      within.push(some);
    }
    const rates = within.map(({ rate }) => rate);
    const ratesWithout = without.map(({ rate }) => rate);
    off.push(...ratesWithout);
    const ratio = medianRatio(rates, ratesWithout);
    const limit = LIMITS[where];
    const brokerMicros = median(within.map(({ micros }) => micros));
    const extraMicros = brokerMicros - median(without.map(({ micros }) => micros));
    kept.push({ where, rates, ratio, limit, met: ratio >= limit, brokerMicros, extraMicros });
  }
  return { off, kept, replay: await measureReplay(options.runs) };
}

/** Events/s, and microseconds of the broker's processor time for each. */
interface Cost {
  readonly rate: number;
  readonly micros: number;
}

/** A broker that keeps no events and one that does, with clients of their own, take turns of so many seconds. `isFirst` says which has the first: the one that does. */
async function measureRound(
  where: KeptEvents,
  seconds: number,
  isFirst: boolean,
): Promise<{ none: Cost; some: Cost }> {
  await using closers = new Closers();
  const open = async (events: KeptEvents) => closers.use(await Rig.open("fluxbus", WORK, { events }));
  const first = { rig: await open(isFirst ? where : "none"), runs: [] as Run[] };
  const second = { rig: await open(isFirst ? "none" : where), runs: [] as Run[] };
  for (const { rig } of [first, second]) await rig.run(WARM_UP_SECONDS);
  for (const turn of TURNS) {
    const { rig, runs } = turn === 0 ? first : second;
    runs.push(await rig.run(seconds));
  }
  const [none, some] = isFirst ? [second, first] : [first, second];
  return { none: costOf(none.runs), some: costOf(some.runs) };
}

function costOf(runs: readonly Run[]): Cost {
  const sum = (value: (run: Run) => number): number => runs.reduce((total, run) => total + value(run), 0);
  const count = sum((run) => run.count);
  return {
    rate: count / sum((run) => run.seconds),
    micros: sum(({ cpuMicros, count }) => cpuMicros.hub! * count) / count,
  };
}

async function measureReplay(runs: number): Promise<ReplayCost> {
  await using closers = new Closers();
  const rate = await openReplay(closers);
  await rate();
  const rates: number[] = [];
  for (let round = 0; round < runs; round++) rates.push(await rate());
  const middle = median(rates);
  const met = middle >= REPLAY_LIMIT;
  return { events: REPLAY_EVENTS, rates, median: middle, limit: REPLAY_LIMIT, met };
}

/** Starts a broker and a subscriber that end with `closers`; returns what reads all events, for a rate in events/s. */
export async function openReplay(closers: Closers, build?: Build): Promise<() => Promise<number>> {
  const rig = closers.use(await Rig.open("fluxbus", WORK, { events: "ring", build }));
  const program = closers.use(new Program("replay", { build }));
  await program.call("open", { uri: rig.at, events: REPLAY_EVENTS });
  return async () => {
    let seconds = 0;
    for (let i = 0; i < REPLAY_READS; i++)
      seconds += await program.call<number>("read", { events: REPLAY_EVENTS });
    return (REPLAY_READS * REPLAY_EVENTS) / seconds;
  };
}
