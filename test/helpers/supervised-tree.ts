import type { Flux } from "../../src/client/index.ts";
import { connect } from "../../src/connect/index.ts";
import { Topology } from "../../src/overlay/index.ts";
import type { CliProcess } from "../process/cli-process.ts";
import { BrokerProcesses, type BrokerProcessesOptions } from "./broker-processes.ts";

/** The service that each client offers at its rank. Its one method answers when it is told to. */
export const NEVER = "never";

/** How a broker ended. */
export interface BrokerExit {
  readonly rank: number;
  readonly pid: number;
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  /** When, as `performance.now` has it. */
  readonly at: number;
}

/** Longest wait of one attempt to use a broker that has just been started. */
const ATTEMPT_MS = 1000;

/**
 * Brokers as processes with a supervisor, which starts each again whenever it ends, as systemd does. Each rank has one client, which comes back
 * with it and serves `never.wait`.
 */
export class SupervisedTree {
  readonly topology: Topology;
  readonly size: number;
  readonly exits: BrokerExit[] = [];
  /** Requests that are with a client and wait for `release`. */
  waiting = 0;
  readonly #brokers: BrokerProcesses;
  readonly #clients: (Flux | undefined)[] = [];
  #lives: Promise<void>[] = [];
  #stopping = false;
  #gate = openGate();

  private constructor(brokers: BrokerProcesses, topology: string) {
    this.#brokers = brokers;
    this.size = brokers.size;
    this.topology = Topology.of(topology, brokers.size);
  }

  /** Starts all ranks, in a folder with a short path. */
  static async start(folder: string, options: BrokerProcessesOptions): Promise<SupervisedTree> {
    const tree = new SupervisedTree(await BrokerProcesses.configured(folder, options), options.topology);
    for (let rank = 0; rank < tree.size; rank++) tree.#lives.push(tree.#live(rank));
    return tree;
  }

  /** The client of a rank; undefined while its broker is not in the state `run`. */
  client(rank: number): Flux | undefined {
    const flux = this.#clients[rank];
    return flux?.status === "connected" ? flux : undefined;
  }

  /** What clients of a rank connect to. */
  uri(rank: number): string {
    return this.#brokers.uri(rank);
  }

  /** The latest process of a rank. */
  process(rank: number): CliProcess {
    return this.#brokers.processes.get(rank)!;
  }

  /** The ranks that a message from one rank to another is at, both ends included. */
  path(from: number, to: number): number[] {
    const up: number[] = [];
    let at: number | undefined = from;
    for (; at !== undefined; at = this.topology.parent(at)) {
      up.push(at);
      if (this.topology.ranksBelow(at).includes(to)) break;
    }
    const down: number[] = [];
    for (let below = to; below !== at; below = this.topology.parent(below)!) down.push(below);
    return [...up, ...down.reverse()];
  }

  /** Answers the requests that wait. */
  release(): void {
    const gate = this.#gate;
    this.#gate = openGate();
    gate.open();
  }

  /** Ends all at once, those that are stopped too. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.release();
    await Promise.all(this.#clients.map((flux) => flux?.close()));
    await this.#brokers.kill();
    await Promise.all(this.#lives);
  }

  async #live(rank: number): Promise<void> {
    while (!this.#stopping) {
      const broker = this.#brokers.start(rank);
      const served = this.#serve(rank, broker);
      const { status, signal } = await broker.outcome;
      this.exits.push({ rank, pid: broker.child.pid!, status, signal, at: performance.now() });
      await served;
    }
  }

  /** Connects to a broker and serves there; gives up when it has ended. */
  async #serve(rank: number, broker: CliProcess): Promise<void> {
    while (!this.#stopping && !broker.ended) {
      let flux: Flux | undefined;
      try {
        flux = await connect(this.#brokers.uri(rank), { env: {} });
        // It may be the broker before that still answers: its end shows here.
        await flux.rpc("state-machine.wait", {}, { timeoutMs: ATTEMPT_MS });
        await flux.serve(NEVER, { wait: () => this.#wait() });
        this.#clients[rank] = flux;
        return;
      } catch {
        await flux?.close();
      }
    }
  }

  async #wait(): Promise<object> {
    this.waiting++;
    try {
      await this.#gate.opened;
    } finally {
      this.waiting--;
    }
    return {};
  }
}

function openGate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
