/** Finds and ends the processes that a script started, also those that made a process group or a session of their own. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** The environment variable whose value marks the processes of one run of one script. */
export const MARK = "FLUXBUS_INTEROP_RUN";

/** Living processes that carry the mark, or belong to the session. */
export function processesOf(mark: string, session: number): { pid: number; command: string }[] {
  const found: { pid: number; command: string }[] = [];
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    const pid = Number(name);
    if (pid === process.pid) continue;
    const stat = read(`/proc/${pid}/stat`);
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (stat === "" || fields[0] === "Z") continue;
    const marked = `\0${read(`/proc/${pid}/environ`)}`.includes(`\0${MARK}=${mark}\0`);
    if (!marked && Number(fields[3]) !== session) continue;
    found.push({ pid, command: read(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim() });
  }
  return found;
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

/** Ends what {@link processesOf} finds: with SIGTERM, then SIGKILL. Resolves to what it found at first, or after `graceMs` to end by itself. */
export async function endProcesses(
  mark: string,
  session: number,
  graceMs: number,
): Promise<{ pid: number; command: string }[]> {
  const none = async (withinMs: number): Promise<boolean> => {
    for (const end = Date.now() + withinMs; ; await delay(50)) {
      if (processesOf(mark, session).length === 0) return true;
      if (Date.now() >= end) return false;
    }
  };
  if (await none(graceMs)) return [];
  const left = processesOf(mark, session);
  for (const signal of ["SIGTERM", "SIGKILL", "SIGKILL"] as const) {
    for (const { pid } of processesOf(mark, session)) signalTo(pid, signal);
    if (await none(3_000)) break;
  }
  return left;
}

function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // it ended meanwhile
  }
}
