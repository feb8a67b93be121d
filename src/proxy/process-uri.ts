import { readdirSync, readFileSync } from "node:fs";
import { FluxError } from "../base/index.ts";
import type { SourcedUri } from "../connect/index.ts";

/**
 * FLUX_URI of a process on this host. Of a broker it is that of its first child, for a broker's own names the instance around it. The URI is the caller's own
 * when both processes run as the caller in every respect; one with a user id of another user, as a set-user-ID program has, may have that user's environment.
 * @throws FluxError ENOENT when there is no such process or it has none, EACCES for a process of another user.
 */
export function processUri(pid: number): SourcedUri {
  const child = isBroker(pid) ? firstChild(pid) : pid;
  if (child === undefined) throw new FluxError("ENOENT", `process ${pid} is a broker without a child`);
  const start = startOf(child);
  const uri = environmentOf(child, pid)["FLUX_URI"];
  if (uri === undefined || uri === "")
    throw new FluxError("ENOENT", `process ${pid} has no FLUX_URI in its environment`);
  // The ids of the process are those of the one that had the environment only if it is the same.
  const other = start === startOf(child) ? (otherUser(pid) ?? otherUser(child)) : "unknown";
  return { uri, foreign: other === undefined ? undefined : `process ${pid} of user ${other}` };
}

/** The first of a process's user ids that is not the caller's; undefined when all are. */
function otherUser(pid: number): string | undefined {
  const ids = /^Uid:\s+(.*)$/m.exec(read(pid, "status") ?? "")?.[1]?.split(/\s+/) ?? ["unknown"];
  return ids.find((id) => id !== String(process.getuid?.()));
}

function isBroker(pid: number): boolean {
  const words = read(pid, "cmdline")?.split("\0") ?? [];
  const isFile = (word: string): boolean => /(^|\/)(lt-)?flux-broker(-[\d.]+)?(\.js)?$/.test(word);
  return words.slice(0, 3).some(isFile) || (read(pid, "comm") ?? "").startsWith("flux-broker");
}

/** The child that was started first; a scan of all processes, which works in every kernel. */
function firstChild(pid: number): number | undefined {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b)
    .find((other) => parentOf(other) === pid && environmentHas(other));
}

function parentOf(pid: number): number {
  return Number(statFields(pid)[1]);
}

/** When a process started, in the kernel's ticks. */
function startOf(pid: number): string | undefined {
  return statFields(pid)[19];
}

/** The fields of /proc/PID/stat behind the name of the program, which may hold anything. */
function statFields(pid: number): string[] {
  const stat = read(pid, "stat") ?? "";
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}
function environmentHas(pid: number): boolean {
  return (read(pid, "environ") ?? "").split("\0").some((entry) => entry.startsWith("FLUX_URI="));
}

function environmentOf(pid: number, asked: number): Record<string, string> {
  try {
    const entries = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
    const pairs = entries.map((entry): [string, string] => {
      const mark = entry.indexOf("=");
      return [entry.slice(0, mark), entry.slice(mark + 1)];
    });
    return Object.fromEntries(pairs);
  } catch (error) {
    const { code } = FluxError.from(error);
    if (code === "ENOENT" || code === "ESRCH")
      throw new FluxError("ENOENT", `there is no process ${asked}`, { cause: error });
    throw new FluxError("EACCES", `process ${asked} is not yours to look into`, { cause: error });
  }
}

/** A file of a process; undefined when it can't be read, or the process is over. */
function read(pid: number, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return undefined;
  }
}
