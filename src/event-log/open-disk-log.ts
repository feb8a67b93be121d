import type { DiskLog } from "./disk-log.ts";
import type { DiskLogOptions } from "./disk-log-options.ts";

/**
 * Opens the log of a folder: loaded here, for most brokers have none.
 * @throws FluxError as DiskLog.open.
 */
export async function openDiskLog(options: DiskLogOptions): Promise<DiskLog> {
  const { DiskLog } = await import("./disk-log.ts");
  return await DiskLog.open(options);
}
