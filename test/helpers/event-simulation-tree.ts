import { encodeZ85, Scope } from "../../src/base/index.ts";
import { AttributeTable, Broker } from "../../src/broker/index.ts";
import { ConfigStore } from "../../src/config/index.ts";
import { SINGLE } from "../../src/instance/bootstrap.ts";
import { openTree } from "../../src/instance/tree.ts";
import { type EventPosition, type EventRange, formatPosition } from "../../src/message/index.ts";
import { InProcessNetwork, type Overlay, Topology } from "../../src/overlay/index.ts";
import type { EventClock, EventLog } from "../../src/replay/index.ts";
import type { Chance } from "./event-simulation-chance.ts";
import type { Plan } from "./event-simulation-plan.ts";
import { EventRecord, idOf } from "./event-simulation-record.ts";
import { Weather, WeatherTransport } from "./event-simulation-weather.ts";

/** A gap is given up after so long; before that it was asked for at least so often. */
const REPAIR_MS = 5000;
const TROUBLES = 2;

/** Longest time that a message takes from a leaf to rank 0, in milliseconds, but for frozen links. */
const LONGEST_WAY_MS = 2000;

/** One run of a rank: a broker with its place in the tree. */
export interface Run {
  readonly rank: number;
  readonly broker: Broker;
  readonly transport: WeatherTransport;
  readonly scope: Scope;
  readonly opening: Promise<Overlay>;
  /** Undefined while it is opening. */
  overlay: Overlay | undefined;
  /** What it gave up, and what it could not have. */
  readonly lost: EventRange[];
}

export interface TreeEnvironment {
  readonly plan: Plan;
  readonly chance: Chance;
  readonly trace: (text: string) => void;
  readonly fault: (text: string) => void;
}

/** Whether an event is in a range. What a rank gave up before it knew the epoch is of the present one. */
export function covers(range: EventRange, epoch: number, seq: number): boolean {
  return (range.epoch === epoch || range.epoch === 0) && range.first <= seq && seq <= range.last;
}

/** The ranks of a simulation, and the supervisor who starts them again. */
export class SimulatedTree {
  readonly size: number;
  readonly topology: Topology;
  readonly record = new EventRecord();
  readonly weather: Weather;
  readonly #environment: TreeEnvironment;
  readonly #keys: readonly string[];
  readonly #runs: (Run | undefined)[];
  readonly #ends = new Set<Promise<void>>();
  #closing = false;
  #freezes: { readonly rank: number; readonly until: number }[] = [];

  constructor(environment: TreeEnvironment) {
    const { plan, chance, trace } = environment;
    this.#environment = environment;
    this.size = plan.parents.length;
    this.topology = new Topology(plan.parents);
    this.weather = new Weather(new InProcessNetwork(), chance.fork(), trace);
    this.#keys = plan.parents.map((_, rank) => encodeZ85(new Uint8Array(32).fill(rank + 1)));
    this.#runs = plan.parents.map(() => undefined);
  }

  /** The present run of a rank; undefined while it is down. */
  run(rank: number): Run | undefined {
    return this.#runs[rank];
  }

  /** Readers that wait for more events, at all ranks. */
  get waits(): number {
    return this.#runs.reduce((sum, run) => sum + (run?.broker.events?.followers ?? 0), 0);
  }

  /** The ranks that are up and keep events. */
  get keepers(): number[] {
    return this.#runs.flatMap((run) => (run?.broker.events === undefined ? [] : [run.rank]));
  }

  /** The event log of rank 0; undefined while it is down. */
  get root(): EventLog | undefined {
    return this.#runs[0]?.broker.events;
  }

  /** The oldest event that rank 0 still has. */
  get first(): EventPosition | undefined {
    const first = this.root?.stat()["first"];
    return first as EventPosition | undefined;
  }

  start(rank: number): void {
    if (this.#runs[rank] !== undefined || this.#closing) return;
    const { plan, trace } = this.#environment;
    trace(`rank ${rank} starts`);
    const { lastEvent } = plan;
    const attributes = new AttributeTable({
      hostname: `h${rank}`,
      hostlist: `h[0-${this.size - 1}]`,
      "tbon.torpid_min": "5s",
      "tbon.torpid_max": "30s",
      "tbon.bundles": plan.bundles ? "1" : "0",
      "tbon.descendants": String(this.topology.descendants(rank)),
    });
    const after = { epoch: Date.now(), seq: lastEvent };
    const events = plan.rings[rank]!;
    const broker = Broker.create({
      rank,
      size: this.size,
      attributes,
      lastEvent,
      events: events === 0 ? null : { ring: { events }, clock: this.#clock(), after },
      readPeer: null,
      logLevel: "err",
      logRingSize: 8,
    });
    const transport = new WeatherTransport(rank, this.weather, this.#keys[rank]!);
    const scope = new Scope();
    if (rank === 0) this.record.begin(after);
    const opening = openTree(
      {
        boot: this.#boot(rank, transport),
        topology: this.topology,
        attributes,
        config: new ConfigStore(),
        broker,
        rundir: "/nowhere",
        post: (event) => {
          if (event === "parent-fail") this.#orphan(run);
        },
        log: (level, text) => {
          if (level === "err") trace(`rank ${rank}: ${text}`);
        },
      },
      scope,
    );
    const run: Run = { rank, broker, transport, scope, opening, overlay: undefined, lost: [] };
    this.#runs[rank] = run;
    this.#tap(run);
    opening.then(
      (overlay) => {
        run.overlay = overlay;
      },
      (error: unknown) => this.#environment.fault(`rank ${rank} can't start: ${error}`),
    );
  }

  /** Ends a run, as the end of its process would or in good order, and starts the rank again after `downMs`; its children follow. */
  end(run: Run, downMs: number, abruptly: boolean): void {
    if (this.#runs[run.rank] !== run) return;
    this.#environment.trace(`rank ${run.rank} ends${abruptly ? " abruptly" : ""}`);
    this.#runs[run.rank] = undefined;
    if (abruptly) run.transport.sever();
    const ended = this.#stop(run);
    this.#ends.add(ended);
    void ended.then(() => {
      this.#ends.delete(ended);
      if (!this.#closing) setTimeout(() => this.start(run.rank), downMs);
    });
  }

  cut(rank: number): void {
    this.#environment.trace(`link of ${rank} is cut`);
    this.#runs[rank]?.transport.cut();
  }

  freeze(rank: number, ms: number): void {
    this.#environment.trace(`link of ${rank} is frozen for ${ms} ms`);
    const until = Date.now() + ms;
    this.#freezes.push({ rank, until });
    this.#runs[rank]?.transport.freeze(until, this.#runs[this.topology.parent(rank)!]?.transport);
  }

  /** When all that is under way has arrived, if nothing else happens. */
  get quietAt(): number {
    return Math.max(Date.now(), ...this.#freezes.map(({ until }) => until)) + LONGEST_WAY_MS;
  }

  /** Whether an event is lost for good, as far as that may be known at a rank: rank 0 has it no more, or this rank or one above gave it up. */
  isGone(rank: number, { epoch, seq }: EventPosition): boolean {
    if (epoch < this.record.run) return true;
    const { first } = this;
    if (first === undefined || epoch < first.epoch || (epoch === first.epoch && seq < first.seq)) return true;
    return this.path(rank).some((at) => this.#runs[at]?.lost.some((range) => covers(range, epoch, seq)));
  }

  /** The ranks from one up to rank 0, that one first. */
  path(rank: number): number[] {
    const ranks: number[] = [];
    for (let at: number | undefined = rank; at !== undefined; at = this.topology.parent(at)) ranks.push(at);
    return ranks;
  }

  async close(): Promise<void> {
    this.#closing = true;
    for (let rank = this.size - 1; rank >= 0; rank--) {
      const run = this.#runs[rank];
      if (run !== undefined) this.end(run, 0, false);
    }
    await Promise.all(this.#ends);
  }

  async #stop({ broker, scope, opening }: Run): Promise<void> {
    await opening.catch(() => {});
    await scope.close();
    await broker.stop();
  }

  /** The supervisor notices after a while that a rank has no parent any more: it leaves, and comes again. */
  #orphan(run: Run): void {
    if (this.#closing || this.#runs[run.rank] !== run) return;
    const { chance } = this.#environment;
    const after = chance.pick([0, 0, 5, 200]);
    const downMs = chance.pick([1, 20, 1000]);
    const abruptly = chance.happens(0.5);
    setTimeout(() => this.end(run, downMs, abruptly), after);
  }

  /** The truth at rank 0; what other ranks give up, and whether they may. */
  #tap(run: Run): void {
    const { fault, trace } = this.#environment;
    const { rank } = run;
    const { events } = run.broker;
    if (events === undefined) return;
    const append = events.append.bind(events);
    if (rank === 0) {
      events.append = (event) => {
        const span = append(event);
        const wrong = this.record.add(events.last.epoch, event);
        if (wrong !== undefined) fault(wrong);
        trace(`published ${formatPosition(events.last)}`);
        return span;
      };
      return;
    }
    events.append = (event) => {
      const span = append(event);
      const { epoch, seq } = events.last;
      const published = epoch === 0 ? this.record.named(idOf(event)) : this.record.at({ epoch, seq });
      if (published?.id !== idOf(event) || published.seq !== seq)
        fault(`rank ${rank} gets ${idOf(event)} as ${formatPosition(events.last)}`);
      return span;
    };
    const lose = events.lose.bind(events);
    events.lose = (range) => {
      trace(`rank ${rank} gives up ${range.first}-${range.last} of ${range.epoch}`);
      lose(range);
      const wrong = this.#wrongLoss(rank, range);
      run.lost.push(range);
      if (wrong !== undefined) fault(`rank ${rank} gives up ${range.first} to ${range.last}: ${wrong}`);
    };
  }

  /** Why a rank may not give up these events; undefined when it may. */
  #wrongLoss(rank: number, { epoch, first, last }: EventRange): string | undefined {
    const end = this.record.lastOf(epoch);
    if (epoch !== 0 && (end === undefined || last > end)) return `epoch ${epoch} ends at ${end}`;
    const since = Date.now() - REPAIR_MS - 1;
    const ranks = this.path(rank);
    const frozen = this.#freezes.some((freeze) => ranks.includes(freeze.rank) && freeze.until > since);
    const troubles = this.weather.troubles.filter((it) => it.at >= since && ranks.includes(it.rank)).length;
    if (troubles >= TROUBLES || frozen || this.root === undefined) return undefined;
    for (const { seq } of this.record.between(epoch === 0 ? this.record.last.epoch : epoch, first - 1, last))
      if (!this.isGone(0, { epoch, seq })) return `rank 0 has ${seq}, and ${troubles} asks failed`;
    return undefined;
  }

  #boot(rank: number, transport: WeatherTransport) {
    const card = (of: number) => ({
      host: `h${of}`,
      uris: [`inproc://tbon-${of}`],
      publicKey: this.#keys[of],
    });
    return {
      ...SINGLE,
      rank,
      size: this.size,
      carrier: { uri: `inproc://tbon-${rank}`, open: () => transport },
      peers: {
        put: async () => {},
        get: async (of: number) => card(of),
        barrier: async () => {},
      },
    };
  }

  /** The clock of an event log. */
  #clock(): EventClock {
    return {
      now: () => Date.now(),
      after: (ms, call) => {
        const timer = setTimeout(call, ms);
        return () => clearTimeout(timer);
      },
    };
  }
}
