import type { FaultReport } from "./fault-loop.ts";
import type { ProcessHistory } from "./tree-figures.ts";

const MIB = 1024 * 1024;
/**
 * What a broker may hold more at last than before. Handles: none, they are counted while nothing is under way. Memory: what Node's heap takes and gives back as
 * it collects; a leak shows in a process that is seen a hundred times.
 */
const MORE_HANDLES = 0;
const MORE_MEMORY = 8 * MIB;

const STEPS = 11;

const FIGURES = {
  failedMs: "until what waited had failed",
  lostMs: "until the parent said it was lost",
  leftMs: "until those below had left",
  answeredMs: "until all was answered after SIGCONT",
  wellMs: "until all was well again",
} as const;

/** Lines with the median and the longest time of what followed, by kind of fault and role. */
export function summarize(reports: readonly FaultReport[]): string[] {
  const names = [...new Set(reports.map(({ kind, role }) => `${kind} of ${role}`))].sort();
  return names.flatMap((name) => {
    const group = reports.filter(({ kind, role }) => `${kind} of ${role}` === name);
    const lines = [`${name} (${group.length} times)`];
    for (const [key, text] of Object.entries(FIGURES)) {
      const times = group
        .map((report) => report[key as keyof typeof FIGURES])
        .filter((ms) => ms !== undefined);
      if (times.length > 0)
        lines.push(`  ${text}: ${Math.round(median(times))}, ${Math.round(Math.max(...times))}`);
    }
    return lines;
  });
}

/** The middle one of numbers, or 0 of none. */
export function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? 0;
}

export interface Leaks {
  readonly lines: string[];
  readonly handleGrowth: number[];
  readonly memoryGrowth: number[];
  /** Memory of the one that was seen most, in MiB, from first to last in equal steps. */
  readonly longest: string[];
  /** What is more than it may be. */
  readonly over: string[];
}

/**
 * What processes held at last against what they held before. Handles: since the second time they were seen, when all their connections are there. Memory: the
 * least in the second third of their life against the least in the last, for in the first the heap of a process grows to its size, and in between there
 * is garbage.
 */
export function leaks(histories: readonly ProcessHistory[]): Leaks {
  const seen = histories[0]?.figures ?? [];
  const longest = Array.from(
    { length: STEPS },
    (_, i) => seen[Math.floor((i * (seen.length - 1)) / (STEPS - 1))],
  );
  const found: Leaks = {
    lines: [],
    handleGrowth: [],
    memoryGrowth: [],
    longest: longest.map((figures) => ((figures?.memory ?? 0) / MIB).toFixed(1)),
    over: [],
  };
  for (const { rank, pid, figures } of histories) {
    const third = Math.floor(figures.length / 3);
    const least = (part: ProcessHistory["figures"]): number => Math.min(...part.map(({ memory }) => memory));
    const [first, last] = [figures[1]!, figures.at(-1)!];
    const memory = [least(figures.slice(third, 2 * third)), least(figures.slice(-third))] as const;
    const name = `rank ${rank} (process ${pid}), seen ${figures.length} times`;
    found.handleGrowth.push(last.handles - first.handles);
    found.memoryGrowth.push(memory[1] - memory[0]);
    const mib = memory.map((bytes) => (bytes / MIB).toFixed(1));
    const text = `${name}: handles ${first.handles} to ${last.handles}, memory ${mib[0]} to ${mib[1]} MiB`;
    found.lines.push(text);
    if (last.handles > first.handles + MORE_HANDLES || memory[1] > memory[0] + MORE_MEMORY)
      found.over.push(text);
  }
  return found;
}
