import { FluxError, Scope } from "../base/index.ts";
import { AttributeTable, type BrokerOptions } from "../broker/index.ts";
import { ConfigStore } from "../config/index.ts";
import type { Traffic } from "../overlay/index.ts";
import type { BrokerState } from "./broker-state.ts";
import { InProcessBoot } from "./in-process-boot.ts";
import { Instance, type InstanceOptions } from "./instance.ts";
import { findParent } from "./parent.ts";
import { Rundir } from "./rundir.ts";
import { setStartAttributes } from "./start-attributes.ts";

/** Most ranks of one process. */
const SIZE_MAX = 16_384;

/**
 * Options of an instance in one process. `socketPath`, `config`, `program`, `makeStatedir`, `fluxCommand` and the attributes `local-uri` and `statedir`
 * are for rank 0, all else is for each rank.
 */
export interface InProcessInstanceOptions extends Omit<InstanceOptions, "boot" | "rank" | "size"> {
  /** Number of ranks, 1 to 16,384; default 1. */
  readonly size?: number | undefined;
  /** The tree: `kary:K`, `mincrit`, `mincrit:K`, `binomial`; default the attribute `tbon.topo`, or `kary:32`. */
  readonly topology?: string | undefined;
  /** Takes each record of the log of rank 0, where those of the others come too, as far as `log-forward-level` lets them. Default: nobody. */
  readonly onLog?: BrokerOptions["onLog"];
}

/**
 * An instance all of whose ranks live in this process, each a broker with its own socket, `local-RANK` in one run directory. Transports that
 * pass frames within the process join them; all else is as between processes: hello, quorum, configuration, goodbye. ZeroMQ is not loaded.
 *
 * Owner: who started it. Ends with `stop`, or by itself when rank 0 does: when its initial program ends, or somebody shuts it down.
 */
export class InProcessInstance implements AsyncDisposable {
  /** Resolves when no rank is left and the run directory is gone, to the exit status of rank 0. */
  readonly exit: Promise<number>;
  /** Where the sockets are. */
  readonly rundir: Rundir;
  readonly #starter: Starter;
  readonly #ranks: Instance[];
  readonly #ended = new WeakSet<Instance>();

  private constructor(starter: Starter, ranks: Instance[], rundir: Rundir, scope: Scope) {
    this.rundir = rundir;
    this.#starter = starter;
    this.#ranks = ranks;
    for (const rank of ranks) this.#watchEnd(rank);
    this.exit = this.#end(scope);
  }

  /**
   * Starts all ranks. When the promise resolves they take clients and their lives have begun; `running` resolves when they run.
   * @throws FluxError EINVAL for size or topology; as Instance.start does, for the first rank that fails: then none is left.
   */
  static async start(options: InProcessInstanceOptions = {}): Promise<InProcessInstance> {
    const { size = 1, env = process.env } = options;
    if (!Number.isInteger(size) || size < 1 || size > SIZE_MAX)
      throw new FluxError("EINVAL", `size ${size} is not between 1 and ${SIZE_MAX}`);
    const attributes = entriesOf(options);
    const scope = new Scope();
    const rundir = await Rundir.open({
      attribute: "rundir",
      path: attributes.get("rundir"),
      base: env["TMPDIR"] || "/tmp",
      cleanup: attributes.get("rundir-cleanup"),
    });
    scope.defer(() => rundir.remove());
    attributes.set("rundir", rundir.path).set("rundir-cleanup", "0");
    let note: string | undefined;
    const parent = await findParent(env, (text) => {
      note = text;
    });
    const boot = new InProcessBoot({ size, parent });
    const starter = new Starter(options, attributes, boot);
    const starts = Array.from({ length: size }, async (_, rank) => {
      try {
        return await starter.start(rank, false);
      } catch (error) {
        boot.abort(error);
        throw error;
      }
    });
    const outcomes = await Promise.allSettled(starts);
    const ranks = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
    if (ranks.length < size) {
      await Promise.all(ranks.map((rank) => rank.crash()));
      await scope.close();
      throw boot.failure;
    }
    if (note !== undefined) ranks[0]!.broker.log("info", note);
    return new InProcessInstance(starter, ranks, rundir, scope);
  }

  /** Number of ranks. */
  get size(): number {
    return this.#ranks.length;
  }

  /** The brokers with their lives, by rank. One that crashed stays until it is started again. */
  get ranks(): readonly Instance[] {
    return this.#ranks;
  }

  /** What clients of rank 0 connect to. */
  get uri(): string {
    return this.#ranks[0]!.uri;
  }

  /** What rank 0 is doing: a state of `BROKER_STATES`. */
  get state(): BrokerState {
    return this.#ranks[0]!.state;
  }

  /**
   * Resolves when all ranks that have not ended are in the state `run`.
   * @throws FluxError ECONNABORTED when one of them leaves for its end before.
   */
  async running(): Promise<void> {
    await Promise.all(this.#ranks.filter((rank) => !this.#ended.has(rank)).map(runningOf));
  }

  /**
   * What a rank and its neighbours have sent each other since it was started: messages of the transport, each of which carries one or more of the
   * protocol's, and the bytes of their frames.
   */
  traffic(rank: number): Traffic {
    return this.#starter.boot.traffic(rank);
  }

  /** Passes a signal on to rank 0: see `Instance.kill`. */
  kill(signal: NodeJS.Signals): void {
    this.#ranks[0]!.kill(signal);
  }

  /** Something the instance can't go on without is gone: see `Instance.panic`. */
  panic(): void {
    this.#ranks[0]!.panic();
  }

  /**
   * Ends a rank as the end of its process would: no goodbye. Its neighbours hear it at once: what waits for an answer of it, or of a rank behind it, fails
   * with EHOSTUNREACH. Ranks below it can't go on without it and end, with status 1; without rank 0 the instance ends.
   * Resolves when nothing is left of it and those below it. One that has ended is let be.
   */
  async crash(rank: number): Promise<void> {
    const instance = this.#rank(rank);
    if (this.#ended.has(instance)) return;
    this.#starter.boot.sever(rank);
    const below = this.#starter.boot.ranksBelow(rank);
    await instance.crash();
    await Promise.all(below.map((other) => this.#ranks[other]!.exit));
  }

  /**
   * Starts a rank again that crashed or ended, under a new uuid. When the promise resolves it takes clients, though it has yet to be let in by its parent:
   * `running` tells.
   * @throws FluxError EINVAL for rank 0, EEXIST for one that has not ended; as Instance.start does.
   */
  async restart(rank: number): Promise<void> {
    const before = this.#rank(rank);
    if (rank === 0) throw new FluxError("EINVAL", "an instance does not go on behind its rank 0");
    if (!this.#ended.has(before)) throw new FluxError("EEXIST", `rank ${rank} has not ended`);
    const instance = await this.#starter.start(rank, true);
    this.#ranks[rank] = instance;
    this.#watchEnd(instance);
  }

  /** Ends the instance in good order, from the leaves; resolves when nothing of it is left. */
  async stop(): Promise<void> {
    await this.#ranks[0]!.stop();
    await this.exit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #rank(rank: number): Instance {
    const instance = this.#ranks[rank];
    if (instance === undefined) throw new FluxError("EINVAL", `there is no rank ${rank}`);
    return instance;
  }

  #watchEnd(instance: Instance): void {
    void instance.exit.then(() => this.#ended.add(instance));
  }

  /** Ranks that outlive rank 0 have lost their way to it. */
  async #end(scope: Scope): Promise<number> {
    const status = await this.#ranks[0]!.exit;
    for (let rank = 1; rank < this.size; rank++) await this.#ranks[rank]!.exit;
    await scope.close();
    return status;
  }
}

/** Starts ranks by the options of their instance. */
class Starter {
  readonly boot: InProcessBoot;
  readonly #options: InProcessInstanceOptions;
  readonly #attributes: Attributes;

  constructor(options: InProcessInstanceOptions, attributes: Attributes, boot: InProcessBoot) {
    this.#options = options;
    this.#attributes = attributes;
    this.boot = boot;
  }

  /** `alone` for a rank that finds the others there. */
  start(rank: number, alone: boolean): Promise<Instance> {
    const { config, socketPath, fluxCommand, onLog } = this.#options;
    const isFirst = rank === 0;
    const log = { onLog: isFirst ? onLog : undefined };
    return Instance.start({
      ...this.#options,
      ...log,
      rank,
      size: this.boot.size,
      attributes: this.#table(isFirst),
      config: isFirst ? config : new ConfigStore({ config: config?.current, path: config?.path }),
      socketPath: isFirst ? socketPath : undefined,
      fluxCommand: isFirst ? fluxCommand : undefined,
      boot: this.boot.provider(rank, alone),
    });
  }

  #table(isFirst: boolean): AttributeTable {
    const table = new AttributeTable();
    const entries = [...this.#attributes].filter(([name]) => isFirst || name !== "local-uri");
    setStartAttributes(table, entries);
    return table;
  }
}

type Attributes = Map<string, string | undefined>;

function entriesOf({ attributes = {}, topology }: InProcessInstanceOptions): Attributes {
  const entries =
    attributes instanceof AttributeTable
      ? attributes.names().map((name) => [name, attributes.get(name)] as const)
      : Object.entries(attributes);
  const map: Attributes = new Map(entries);
  if (topology !== undefined) map.set("tbon.topo", topology);
  return map;
}

function runningOf(instance: Instance): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): boolean => {
      const { state } = instance;
      const late = BEFORE_RUN.has(state);
      if (state === "run") resolve();
      else if (!late) {
        const { rank } = instance.broker;
        reject(new FluxError("ECONNABORTED", `rank ${rank} has come to the state ${state} without running`));
      }
      return !late;
    };
    if (look()) return;
    const leave = instance.watch(() => {
      if (look()) leave();
    });
  });
}

const BEFORE_RUN: ReadonlySet<BrokerState> = new Set<BrokerState>([
  "load-builtins",
  "join",
  "config-sync",
  "init",
  "quorum",
]);
