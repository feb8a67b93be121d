import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** Seeds to run, one after the other. */
export interface SimulationTask {
  readonly first: number;
  readonly count: number;
  /** What is broken: a name of `SABOTAGE`. */
  readonly sabotage?: string | undefined;
  /** Tells what happened, too. */
  readonly trace?: boolean | undefined;
  /** Ends with the first seed that fails. */
  readonly untilFault?: boolean | undefined;
}

/** What came of a task. */
export interface SimulationReport {
  readonly first: number;
  /** Seeds that were run. */
  count: number;
  readonly failed: { readonly seed: number; readonly faults: readonly string[] }[];
  /** Sums over all seeds. */
  readonly figures: Record<string, number>;
  /** What happened, where that was asked for. */
  readonly trace: string[];
}

const WORKER = fileURLToPath(new URL("./event-simulation-worker.ts", import.meta.url));

/** Seeds of one task, when there are many. */
const TASK_SEEDS = 50;

/** Processes that run simulations: each changes the time of its own. */
export class SimulationPool implements AsyncDisposable {
  readonly #workers: ChildProcess[];

  constructor(processes: number) {
    const execArgv = process.execArgv.includes("tsx") ? process.execArgv : ["--import", "tsx"];
    this.#workers = Array.from({ length: processes }, () => fork(WORKER, { execArgv }));
  }

  /** Runs many seeds with all processes; `told` hears of each part as it is done. Resolves to all together. */
  async run(
    { first, count }: SimulationTask,
    told: (report: SimulationReport) => void = () => {},
  ): Promise<SimulationReport> {
    const all: SimulationReport = { first, count: 0, failed: [], figures: {}, trace: [] };
    let next = first;
    const work = async (worker: ChildProcess): Promise<void> => {
      while (next < first + count) {
        const task = { first: next, count: Math.min(TASK_SEEDS, first + count - next) };
        next += task.count;
        const report = await give(worker, task);
        all.count += report.count;
        all.failed.push(...report.failed);
        for (const [name, value] of Object.entries(report.figures))
          all.figures[name] = (all.figures[name] ?? 0) + value;
        told(report);
      }
    };
    await Promise.all(this.#workers.map(work));
    all.failed.sort((a, b) => a.seed - b.seed);
    return all;
  }

  /** Runs a task as it is, by one process. */
  async task(task: SimulationTask): Promise<SimulationReport> {
    return await give(this.#workers[0]!, task);
  }

  /** What happens in the simulation of a seed. */
  async trace(seed: number): Promise<readonly string[]> {
    return (await this.task({ first: seed, count: 1, trace: true })).trace;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const worker of this.#workers) {
      if (worker.exitCode !== null || worker.signalCode !== null) continue;
      worker.disconnect();
      await once(worker, "exit");
    }
  }
}

/** Gives a task to a process, and takes its report. */
async function give(worker: ChildProcess, task: SimulationTask): Promise<SimulationReport> {
  const ended = new AbortController();
  try {
    const { signal } = ended;
    const exited = once(worker, "exit", { signal }).then(([code, by]) => {
      throw new Error(`the process of seeds ${task.first} and up has ended: ${by ?? code}`);
    });
    const report = once(worker, "message", { signal });
    worker.send(task);
    const [message] = (await Promise.race([report, exited])) as [SimulationReport];
    return message;
  } finally {
    ended.abort();
  }
}
