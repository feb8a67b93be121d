import { FluxError } from "../base/index.ts";
import type { Broker, BrokerOptions } from "../broker/index.ts";
import type { Flux } from "../client/index.ts";
import type { ConnectOptions } from "../connect/index.ts";
import { ConnectedInstance } from "./connected-instance.ts";
import { SingleRank } from "./single-rank.ts";

/** Options of a test instance: those of its brokers but for the places of the sockets. */
export interface TestInstanceOptions extends Omit<BrokerOptions, "socketPath" | "rank"> {
  /** Number of ranks, each a broker in this process; default 1. */
  readonly size?: number | undefined;
  /** The tree of many ranks, such as `kary:2`, `mincrit` or `binomial`; default `kary:32`. */
  readonly topology?: string | undefined;
  /** The configuration; a ConfigStore for an instance of many ranks, which is that of rank 0 and taken over by the others. */
  readonly config?: BrokerOptions["config"];
}

/** What a test instance is made of. */
export interface TestRanks {
  /** By rank. */
  readonly brokers: readonly Broker[];
  crash(rank: number): Promise<void>;
  restart(rank: number): Promise<void>;
  stop(): Promise<void>;
}

/** How to reach a test instance. */
export interface TestConnectOptions extends ConnectOptions {
  /** The rank whose broker is connected to; default 0. */
  readonly rank?: number | undefined;
}

/**
 * A Flux instance inside the test process: a broker with a real socket in a temporary folder, or many in a tree, as between processes but for what
 * carries their messages.
 */
export class TestInstance extends ConnectedInstance {
  readonly #ranks: TestRanks;

  private constructor(ranks: TestRanks) {
    super(ranks.brokers[0]!.uri!);
    this.#ranks = ranks;
  }

  /**
   * Starts an instance, all of whose ranks run when the promise resolves; `await using` ends it with the test. Many ranks begin as `fluxbus start` has
   * them, so that attributes are those that may be set at start; `onLog` takes the log of all at rank 0, and `onSetAttribute` and
   * `onModulePanic` are for an instance of one rank.
   * @throws FluxError EINVAL for size, topology, or a config that many ranks can't take over; as Broker.start and InProcessInstance.start do.
   */
  static async start(options: TestInstanceOptions = {}): Promise<TestInstance> {
    if ((options.size ?? 1) === 1) return new TestInstance(await SingleRank.start(options));
    // An instance has much around its brokers that a test of one has no use for.
    const { ManyRanks } = await import("./many-ranks.ts");
    return new TestInstance(await ManyRanks.start(options));
  }

  /** The broker of rank 0. */
  get broker(): Broker {
    return this.brokers[0]!;
  }

  /** The brokers by rank. */
  get brokers(): readonly Broker[] {
    return this.#ranks.brokers;
  }

  /** What `connect` and FLUX_URI take, by rank. */
  get uris(): readonly string[] {
    return this.brokers.map((broker) => broker.uri!);
  }

  /** A handle over the socket of a rank; closed with the instance. The environment has no say unless it is given. */
  override async connect(options: TestConnectOptions = {}): Promise<Flux> {
    const { rank = 0, ...rest } = options;
    const broker = this.brokers[rank];
    if (broker === undefined) throw new FluxError("EINVAL", `there is no rank ${rank}`);
    return this.open(broker.uri!, rest);
  }

  /**
   * Ends a rank as the end of its process would, without a word to anybody; resolves when nothing is left of it. Requests that wait for it fail with
   * EHOSTUNREACH at its neighbours, its clients lose their connection, and ranks below it end too.
   */
  async crash(rank: number): Promise<void> {
    await this.#ranks.crash(rank);
  }

  /** Starts a rank again that has ended, at the same URI; resolves when it runs. Throws EINVAL for rank 0, EEXIST for one that has not ended. */
  async restart(rank: number): Promise<void> {
    await this.#ranks.restart(rank);
  }

  /** Stops the brokers and removes the folder. */
  async halt(): Promise<void> {
    await this.#ranks.stop();
  }
}
