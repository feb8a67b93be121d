import { describeMessage, type Message } from "../message/index.ts";
import { writeStderr } from "../system/index.ts";

/** Writes each message of a handle to stderr, as FLUX_HANDLE_TRACE asks. */
export function traceToStderr(direction: "tx" | "rx", message: Message): void {
  writeStderr(`--------------------------------------\n${describeMessage(message, direction)}\n`);
}
