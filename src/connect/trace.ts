import { describeMessage, type Message } from "../message/index.ts";

/** Writes each message of a handle to stderr, as FLUX_HANDLE_TRACE asks. */
export function traceToStderr(direction: "tx" | "rx", message: Message): void {
  process.stderr.write(`--------------------------------------\n${describeMessage(message, direction)}\n`);
}
