import { Closers } from "../control/closers.ts";
import { Program } from "../control/program.ts";
import type { Options } from "../options.ts";
import { type KeptEvents, Rig } from "../rig.ts";
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
  /** Median of the ratios to the run without just before, and the least it may be. */
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

const LIMITS = { ring: 0.95, disk: 0.75 } as const;
const REPLAY_LIMIT = 300_000;
/** Fewer than a ring keeps. */
const REPLAY_EVENTS = 200_000;
const WARM_UP_SECONDS = 0.5;

/** Measures brokers that keep events in no place, in the ring, and in the ring and on disk without sync, in turn; then replays. */
export async function measureEventLog(options: Options): Promise<EventLogCost> {
  const { work } = SCENARIOS.find(({ name }) => name === "publish-64B")!;
  await using closers = new Closers();
  const kinds: readonly KeptEvents[] = ["none", "ring", "disk"];
  const rigs: Rig[] = [];
  for (const kind of kinds) rigs.push(closers.use(await Rig.open("fluxbus", work, undefined, kind)));
  for (const rig of rigs) await rig.run(WARM_UP_SECONDS);
  const rates = kinds.map((): number[] => []);
  const micros = kinds.map((): number[] => []);
  for (let round = 0; round < options.runs; round++) {
    for (const [index, rig] of rigs.entries()) {
      const { count, seconds, cpuMicros } = await rig.run(options.seconds);
      rates[index]!.push(count / seconds);
      micros[index]!.push(cpuMicros.hub!);
    }
  }
  const kept = (["ring", "disk"] as const).map((where, index): KeptCost => {
    const mine = rates[index + 1]!;
    const ratio = medianRatio(mine, rates[0]!);
    const limit = LIMITS[where];
    const brokerMicros = median(micros[index + 1]!);
    const extraMicros = brokerMicros - median(micros[0]!);
    return { where, rates: mine, ratio, limit, met: ratio >= limit, brokerMicros, extraMicros };
  });
  const uri = rigs[kinds.indexOf("ring")]!.at;
  return { off: rates[0]!, kept, replay: await measureReplay(uri, options.runs) };
}

async function measureReplay(uri: string, runs: number): Promise<ReplayCost> {
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
