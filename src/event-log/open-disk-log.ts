import type { DiskLog, DiskLogOptions } from "./disk-log.ts";

/**
 * Opens the log of a folder: loaded here, for most brokers have none.
 * @throws FluxError as DiskLog.open.
 */
export async function openDiskLog(options: DiskLogOptions): Promise<DiskLog> {
  const { DiskLog } = await import("./disk-log.ts");
  return await DiskLog.open(options);
}
