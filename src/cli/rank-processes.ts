import { FluxError } from "../base/index.ts";
import { STOP_RANKS_MS } from "./broker-process.ts";
import { Failure } from "./failure.ts";
import type { InstanceFlags } from "./instance-options.ts";
import { rankOrder } from "./rank-order.ts";
import { RankProcess, rankCommand } from "./rank-process.ts";
import { SharedRundir } from "./shared-rundir.ts";

export interface RankProcessesOptions {
  readonly size: number;
  /** What is for all ranks. */
  readonly flags: InstanceFlags;
  /** Names of the ranks' hosts; default that of this host. */
  readonly hosts?: readonly string[] | undefined;
  /** Which rank is on which node, as PMI tells it: `(vector,(0,1,4))`; undefined tells nothing. */
  readonly mapping: string | undefined;
  /** 1 shows what is run, 2 what is said over PMI as well. */
  readonly verbose: number;
  /** Stops the start. */
  readonly signal: AbortSignal;
  /** Takes lines about ranks that end with an error, and what `verbose` asks for. */
  readonly warn: (line: string) => void;
}

/**
 * A test instance: its ranks as processes of this node, which find one another by PMI, with their sockets in one run directory. Owner: who started it.
 * Ends with `stop`, and with this process at the latest. Source: flux-start(1), --test-size.
 */
export class RankProcesses implements AsyncDisposable {
  /** What clients of rank 0 connect to. */
  readonly uri: string;
  /** Resolves when rank 0 is over. */
  readonly exit: Promise<void>;
  readonly #ranks: Ranks;

  private constructor(ranks: Ranks, uri: string) {
    this.#ranks = ranks;
    this.uri = uri;
    this.exit = ranks.leader.ended.then(() => {});
    ranks.tellEnds();
  }

  /**
   * Starts all ranks, and waits until rank 0 says that the instance runs.
   * @throws Failure that names the first rank that ended or gave up before; then none is left.
   */
  static async start(options: RankProcessesOptions): Promise<RankProcesses> {
    const ranks = new Ranks(options, await SharedRundir.open(options.flags.rundir, process.env));
    try {
      return new RankProcesses(ranks, await ranks.running());
    } catch (error) {
      await ranks.stop();
      throw error;
    }
  }

  /** Ends the instance in good order, from the leaves, and what it leaves behind. */
  async stop(): Promise<void> {
    await this.#ranks.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** The processes, those of an instance that does not run yet too. */
class Ranks {
  readonly #options: RankProcessesOptions;
  readonly #rundir: SharedRundir;
  readonly #processes: readonly RankProcess[];
  #killed = false;

  constructor(options: RankProcessesOptions, rundir: SharedRundir) {
    const { size, flags, hosts, verbose, warn } = options;
    this.#options = options;
    this.#rundir = rundir;
    const places = { rundir: rundir.path, rundirMade: rundir.made, hosts };
    this.#processes = Array.from({ length: size }, (_, rank) => {
      const command = rankCommand(rankOrder(rank, flags, places));
      const started = new RankProcess(rank, size, command, process.env);
      if (verbose > 0) warn(`rank ${rank} (pid ${started.pid}): ${command.join(" ")}`);
      return started;
    });
  }

  get leader(): RankProcess {
    return this.#processes[0]!;
  }

  /** The URI of rank 0, once the instance runs. */
  async running(): Promise<string> {
    const { signal } = this.#options;
    const aborted = new Promise<never>((_, reject) => {
      const abort = (): void => reject(signal.reason);
      if (signal.aborted) abort();
      else signal.addEventListener("abort", abort, { once: true });
    });
    const uri = new Promise<string>((resolve, reject) => {
      for (const process of this.#processes) void listen(process, resolve, reject);
      this.#servePmi(reject).catch(reject);
    });
    return await Promise.race([uri, aborted]);
  }

  /** Tells of ranks that end with an error from now on. What comes of the end of rank 0 goes without saying. */
  tellEnds(): void {
    const { leader } = this;
    let headless = false;
    void leader.ended.then(({ ok }) => {
      headless = !ok;
    });
    for (const process of this.#processes) {
      void process.ended.then(({ ok, text }) => {
        const expected = this.#killed || (headless && process !== leader);
        if (!ok && !expected) this.#options.warn(`rank ${process.rank} ${text}`);
      });
    }
  }

  async stop(): Promise<void> {
    const timer = setTimeout(() => this.#kill(), STOP_RANKS_MS);
    this.leader.stop();
    await this.leader.ended;
    for (const process of this.#processes) process.stop();
    await Promise.all(this.#processes.map(({ ended }) => ended));
    clearTimeout(timer);
    await this.#rundir.remove();
  }

  #kill(): void {
    this.#options.warn(`the instance has not ended in ${STOP_RANKS_MS / 1000} s: its ranks are killed`);
    this.#killed = true;
    for (const process of this.#processes) process.kill();
  }

  /** The processes are on their way already: what serves them is loaded meanwhile. */
  async #servePmi(reject: (error: Failure) => void): Promise<void> {
    const { size, mapping, verbose, warn } = this.#options;
    const { PmiServer, PmiSockets } = await import("../instance/index.ts");
    const entries = mapping === undefined ? {} : { PMI_process_mapping: mapping };
    const sockets = new PmiSockets({
      server: new PmiServer({ size, entries }),
      failed: (rank, text) => reject(new Failure(`rank ${rank}`, new FluxError("EPROTO", text))),
      trace: verbose > 1 ? (rank, text) => warn(`rank ${rank}: ${text}`) : undefined,
    });
    for (const { rank, pmi } of this.#processes) if (pmi !== undefined) sockets.attach(rank, pmi);
  }
}

/** Settles by what a rank says, or by its end. */
async function listen(
  process: RankProcess,
  running: (uri: string) => void,
  failed: (error: Failure) => void,
): Promise<void> {
  const word = await process.word;
  if (word !== undefined && "uri" in word) return running(word.uri);
  const subject = `rank ${process.rank}`;
  if (word !== undefined) {
    return failed(new Failure(subject, new FluxError(word.error.errno, word.error.message)));
  }
  const { text } = await process.ended;
  const error = new FluxError("ECONNREFUSED", `the instance has not started: ${subject} ${text}`);
  failed(new Failure(undefined, error));
}
