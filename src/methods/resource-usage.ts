import { readFileSync } from "node:fs";
import { FluxError, shortText } from "../base/index.ts";
import { type JsonObject, type JsonValue, real } from "../json/index.ts";

/** Clock ticks of a second in /proc, on every architecture of Linux. */
const TICKS = 100;

/**
 * getrusage(2) as rusage responses have it: times in seconds, maxrss in KiB. `thread` gives what `self` does, as Node knows the process alone. Of
 * children that ended, /proc has times and page faults; the rest is 0.
 * @throws FluxError EPROTO for what is no text, EINVAL for unknown names, and for children where there is no /proc.
 */
export function resourceUsage(who: JsonValue): JsonObject {
  if (typeof who !== "string") throw new FluxError("EPROTO");
  if (who === "children") return childUsage();
  if (who !== "self" && who !== "thread") throw new FluxError("EINVAL", `${shortText(who)} is unsupported`);
  const usage = process.resourceUsage();
  return {
    utime: real(usage.userCPUTime / 1e6),
    stime: real(usage.systemCPUTime / 1e6),
    maxrss: usage.maxRSS,
    ixrss: usage.sharedMemorySize,
    idrss: usage.unsharedDataSize,
    isrss: usage.unsharedStackSize,
    minflt: usage.minorPageFault,
    majflt: usage.majorPageFault,
    nswap: usage.swappedOut,
    inblock: usage.fsRead,
    oublock: usage.fsWrite,
    msgsnd: usage.ipcSent,
    msgrcv: usage.ipcReceived,
    nsignals: usage.signalsCount,
    nvcsw: usage.voluntaryContextSwitches,
    nivcsw: usage.involuntaryContextSwitches,
  };
}

function childUsage(): JsonObject {
  let stat: string;
  try {
    stat = readFileSync("/proc/self/stat", "latin1");
  } catch (error) {
    throw new FluxError("EINVAL", "children is unsupported", { cause: error });
  }
  // Fields are counted from 1 in proc(5); the name, the second, is in parentheses and may have anything in it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const field = (number: number): number => Number(fields[number - 3]);
  return {
    utime: real(field(16) / TICKS),
    stime: real(field(17) / TICKS),
    maxrss: 0,
    ixrss: 0,
    idrss: 0,
    isrss: 0,
    minflt: field(11),
    majflt: field(13),
    nswap: 0,
    inblock: 0,
    oublock: 0,
    msgsnd: 0,
    msgrcv: 0,
    nsignals: 0,
    nvcsw: 0,
    nivcsw: 0,
  };
}
