import { FluxError } from "./flux-error.ts";

/** `error` as ENOMEM when it says that the host refuses a length or the memory for it; any other as it is. For a catch clause. */
export function refusedMemory(error: unknown): unknown {
  const code = (error as { code?: unknown } | null)?.code;
  const refused = error instanceof RangeError && !/call stack/.test(error.message);
  return refused || code === "ERR_STRING_TOO_LONG"
    ? new FluxError("ENOMEM", undefined, { cause: error })
    : error;
}
