import { join } from "node:path";
import { FluxError } from "../base/index.ts";
import { lockFile } from "../system/index.ts";

/**
 * Says that one process uses a folder of events, by a lock on its file `lock` that ends with the process.
 * @throws FluxError EBUSY when another log has the folder, in this process or another; ENOSYS where the system has no locks.
 */
export async function lockFolder(folder: string): Promise<() => void> {
  const lock = await lockFile(join(folder, "lock"));
  if (typeof lock !== "number") return () => lock.release();
  throw new FluxError(
    "EBUSY",
    `${folder} is in use by process ${lock}: a folder of events is for one broker`,
  );
}
