import { loadLate } from "../system/index.ts";
import type { DiskLog } from "./disk-log.ts";
import type { DiskLogOptions } from "./disk-log-options.ts";

/**
 * Opens the log of a folder: loaded here, for most brokers have none.
 * @throws FluxError as DiskLog.open.
 */
export async function openDiskLog(options: DiskLogOptions): Promise<DiskLog> {
  const { DiskLog } = await loadLate(import.meta.url, "./disk-log", () => import("./disk-log.ts"));
  return await DiskLog.open(options);
}
