import { comparePositions, type EventPosition, formatPosition } from "../../src/message/index.ts";
import { Chance } from "./event-simulation-chance.ts";
import { type Plan, planOf, type Strike } from "./event-simulation-plan.ts";
import { SimulatedPublisher } from "./event-simulation-publisher.ts";
import { checkRing } from "./event-simulation-ring.ts";
import { SimulatedSubscriber, sleep } from "./event-simulation-subscriber.ts";
import { SimulatedTree } from "./event-simulation-tree.ts";
import { CALM } from "./event-simulation-weather.ts";
import { VirtualTime } from "./virtual-time.ts";

/** Begin of each simulation. */
const START = 1_700_000_000_000;

/** When all is calm, everybody is to know everything after this time, in milliseconds. */
const CALM_MS = 60_000;

/** Most tasks of a simulation. */
const MOST_TURNS = 2_000_000;

/** Most faults that are told of one seed: others follow from the first. */
const MOST_FAULTS = 5;

export interface SimulationOptions {
  /** Keeps what happens as lines. */
  readonly trace?: boolean | undefined;
  readonly plan?: Plan | undefined;
}

export interface SimulationResult {
  readonly seed: number;
  /** What was wrong: empty when all was well. */
  readonly faults: readonly string[];
  readonly trace: readonly string[];
  readonly figures: Readonly<Record<string, number>>;
}

/** Runs the simulation of a seed: the same each time. Nothing else may run in this thread meanwhile. */
export async function simulate(seed: number, options: SimulationOptions = {}): Promise<SimulationResult> {
  const chance = new Chance(seed ^ 0x5eed);
  const random = chance.fork();
  const time = new VirtualTime({ start: START, random: () => random.unit() });
  const plan = options.plan ?? planOf(seed);
  const simulation = new Simulation(plan, chance, time, options.trace === true);
  try {
    await time.run(() => simulation.run(), MOST_TURNS);
  } catch (error) {
    simulation.fault(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  return { seed, faults: simulation.faults, trace: simulation.lines, figures: simulation.figures };
}

class Simulation {
  readonly faults: string[] = [];
  readonly lines: string[] = [];
  readonly figures: Record<string, number> = {};
  readonly #plan: Plan;
  readonly #time: VirtualTime;
  readonly #keeps: boolean;
  readonly #tree: SimulatedTree;
  readonly #subscribers: SimulatedSubscriber[];
  readonly #publishers: SimulatedPublisher[];
  readonly #chance: Chance;

  constructor(plan: Plan, chance: Chance, time: VirtualTime, keeps: boolean) {
    this.#plan = plan;
    this.#time = time;
    this.#keeps = keeps;
    this.#chance = chance;
    const trace = (text: string): void => this.#trace(text);
    const fault = (text: string): void => this.fault(text);
    const tree = new SimulatedTree({ plan, chance: chance.fork(), trace, fault });
    this.#tree = tree;
    this.#subscribers = plan.subscribers.map(
      (it, i) =>
        new SimulatedSubscriber({ name: `s${i}`, plan: it, tree, chance: chance.fork(), trace, fault }),
    );
    this.#publishers = plan.publishers.map(
      (it, i) => new SimulatedPublisher({ name: `p${i}`, plan: it, tree, chance: chance.fork(), fault }),
    );
  }

  fault(text: string): void {
    this.#trace(`FAULT: ${text}`);
    if (this.faults.length < MOST_FAULTS) this.faults.push(text);
  }

  async run(): Promise<void> {
    const { activeMs, strikes, climate } = this.#plan;
    const tree = this.#tree;
    for (let rank = 0; rank < tree.size; rank++) tree.start(rank);
    tree.weather.climate = climate;
    const following = this.#subscribers.map((subscriber) => subscriber.follow());
    const publishing = this.#publishers.map((publisher) => publisher.publish(START + activeMs));
    const striking = strikes.map((strike) => this.#strike(strike));
    await sleep(activeMs);
    await Promise.all(striking);
    await this.#calm(Promise.all(publishing));
    for (const subscriber of this.#subscribers) subscriber.stop();
    await Promise.all(following);
    for (const { name, ledger } of this.#subscribers)
      if (ledger === undefined) this.fault(`${name} never began`);
      else ledger.finish();
    await checkRing(tree, (text) => this.fault(text));
    await this.#close();
    this.#count();
  }

  async #strike(strike: Strike): Promise<void> {
    await sleep(strike.at);
    const tree = this.#tree;
    if (strike.kind === "weather") tree.weather.climate = strike.climate;
    else if (strike.kind === "drop") this.#subscribers[strike.subscriber]?.drop();
    else if (strike.kind === "cut") tree.cut(strike.rank);
    else if (strike.kind === "freeze") tree.freeze(strike.rank, strike.ms);
    else {
      const run = tree.run(strike.rank);
      if (run !== undefined) tree.end(run, strike.downMs, this.#chance.happens(0.7));
    }
  }

  /** Nothing happens any more: after a while all ranks are up, and everybody knows everything. */
  async #calm(publishing: Promise<unknown>): Promise<void> {
    const tree = this.#tree;
    this.#trace("calm");
    tree.weather.climate = CALM;
    for (const subscriber of this.#subscribers) subscriber.settle();
    await publishing;
    await sleep(tree.quietAt - this.#time.now);
    const end = this.#time.now + CALM_MS;
    while (this.#time.now < end && this.#late().length > 0) await sleep(50);
    for (const text of this.#late()) this.fault(text);
    if (tree.waits > this.#subscribers.length)
      this.fault(`${tree.waits} readers wait for ${this.#subscribers.length} subscribers`);
  }

  /** Who does not know everything yet. */
  #late(): string[] {
    const { last } = this.#tree.record;
    const late: string[] = [];
    for (let rank = 0; rank < this.#tree.size; rank++) {
      const run = this.#tree.run(rank);
      const held = run?.overlay?.repairs?.held ?? 0;
      if (held > 0) late.push(`rank ${rank} holds ${held} events`);
      if (run !== undefined && run.broker.events === undefined) continue;
      const at = run?.broker.events?.last;
      if (!isAt(at, last)) late.push(`rank ${rank} is at ${text(at)}, the last is ${text(last)}`);
    }
    for (const { name, position, rank } of this.#subscribers)
      if (!isAt(position, last))
        late.push(`${name} at rank ${rank} is at ${text(position)}, the last is ${text(last)}`);
    return late;
  }

  /** Everything ends, and nothing is left over. */
  async #close(): Promise<void> {
    const tree = this.#tree;
    await sleep(3000);
    if (tree.waits > 0) this.fault(`${tree.waits} readers wait, and all have left`);
    for (let rank = 0; rank < tree.size; rank++) {
      const run = tree.run(rank)!;
      const repairs = run.overlay?.repairs;
      if (repairs !== undefined && (repairs.held > 0 || repairs.heldBytes > 0))
        this.fault(`rank ${rank} holds ${repairs.held} events, ${repairs.heldBytes} bytes`);
      this.figures["repaired"] = (this.figures["repaired"] ?? 0) + (repairs?.repaired ?? 0);
    }
    await tree.close();
    await sleep(60_000);
    // Its own is none any more.
    if (this.#time.pending > 0) this.fault(`${this.#time.pending} timers are left over`);
  }

  #count(): void {
    const { record, weather } = this.#tree;
    Object.assign(this.figures, {
      ranks: this.#tree.size,
      published: record.size,
      received: this.#subscribers.reduce((sum, { ledger }) => sum + (ledger?.events ?? 0), 0),
      losses: this.#subscribers.reduce((sum, { ledger }) => sum + (ledger?.losses ?? 0), 0),
      turns: this.#time.turns,
      ...weather.counts,
    });
  }

  #trace(text: string): void {
    if (this.#keeps) this.lines.push(`${((this.#time.now - START) / 1000).toFixed(3)} ${text}`);
  }
}

function isAt(position: EventPosition | undefined, last: EventPosition): boolean {
  return position !== undefined && comparePositions(position, last) === 0;
}

function text(position: EventPosition | undefined): string {
  return position === undefined ? "nowhere" : formatPosition(position);
}
