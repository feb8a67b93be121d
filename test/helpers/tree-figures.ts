import { readdirSync, readFileSync } from "node:fs";

const PAGE = 4096;

/** What a process holds, as /proc has it. */
export interface ProcessFigures {
  /** Open file descriptors. */
  readonly handles: number;
  /** Resident memory in bytes. */
  readonly memory: number;
}

/** The figures of a process that is there. */
export function processFigures(pid: number): ProcessFigures {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, "latin1").split(" ")[1]);
  return { handles: readdirSync(`/proc/${pid}/fd`).length, memory: pages * PAGE };
}

/** What was seen of one process while nothing was wrong. */
export interface ProcessHistory {
  readonly rank: number;
  readonly pid: number;
  readonly figures: ProcessFigures[];
}

/** The figures of processes over time, by rank and process. */
export class FigureLog {
  readonly #histories = new Map<number, ProcessHistory>();

  note(rank: number, pid: number): void {
    let history = this.#histories.get(pid);
    if (history === undefined) {
      history = { rank, pid, figures: [] };
      this.#histories.set(pid, history);
    }
    history.figures.push(processFigures(pid));
  }

  /** Those of processes that were seen at least so often, the longest first. */
  histories(least: number): ProcessHistory[] {
    return [...this.#histories.values()]
      .filter(({ figures }) => figures.length >= least)
      .sort((a, b) => b.figures.length - a.figures.length);
  }
}
