import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FluxError } from "../base/index.ts";

const NAME = "lock";
const ATTEMPTS = 5;
/** Locks of this process: another one may have had the same process id before it. */
const own = new Set<string>();

/**
 * Says that one process uses a folder, by a file with its process id and, where /proc tells, when it started. A lock that a process left behind is taken
 * over.
 * @throws FluxError EBUSY when a living process has it.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, NAME);
  const mine = `${process.pid} ${await startOf(process.pid)}\n`;
  const draft = join(folder, `${NAME}.${process.pid}`);
  if (own.has(path)) throw busy(folder, process.pid);
  own.add(path);
  try {
    await writeFile(draft, mine, { mode: 0o600 });
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (await linked(draft, path)) {
        return async () => {
          own.delete(path);
          await rm(path, { force: true });
        };
      }
      const text = await readFile(path, "latin1").catch(() => undefined);
      if (text === undefined) continue;
      const holder = Number.parseInt(text, 10);
      if (text !== mine && (await isAlive(text))) throw busy(folder, holder);
      // Taken away whole: of two who find it stale, one gets it, and who took a newer one by that puts it back.
      const aside = join(folder, `${NAME}.stale.${process.pid}`);
      await rename(path, aside).catch(() => {});
      const taken = await readFile(aside, "latin1").catch(() => undefined);
      if (taken !== undefined && taken !== text) await linked(aside, path);
      await rm(aside, { force: true });
    }
    throw new FluxError("EBUSY", `can't lock ${folder}: others try to at the same time`);
  } catch (error) {
    own.delete(path);
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

function busy(folder: string, pid: number): FluxError {
  return new FluxError(
    "EBUSY",
    `${folder} is in use by process ${pid}: a folder of events is for one broker`,
  );
}

/** True when `to` was made a name of the file `from`; false when there is one. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** True when the process of a lock runs: the very one, if that can be told. */
async function isAlive(text: string): Promise<boolean> {
  const [pid = "", start = ""] = text.trim().split(" ");
  if (!/^[1-9]\d*$/.test(pid)) return false;
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  const now = await startOf(Number(pid));
  return start === "" || now === "" || start === now;
}

/** When a process started, in the kernel's ticks; "" where /proc does not tell. */
export async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => "");
  // The name of the program, in parentheses, may hold spaces; behind it the start is the 20th field.
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}
