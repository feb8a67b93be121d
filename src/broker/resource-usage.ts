import { FluxError } from "../base/index.ts";
import { type JsonObject, real } from "../json/index.ts";

/**
 * getrusage(2) as rusage responses have it: times in seconds, maxrss in KiB. Node knows this of the process alone; `thread` gives the same, as
 * all of a broker's work is on one thread.
 * @throws FluxError EINVAL for children, which Node can't tell of, and unknown names.
 */
export function resourceUsage(who: string): JsonObject {
  if (who !== "self" && who !== "thread") throw new FluxError("EINVAL", `${who} is unsupported`);
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
