import { giveChunk, wholeChunk } from "../base/index.ts";
import type { Message } from "./message.ts";

/** Lets others have the memory of a message that came in a chunk of its own. Nobody may hold it, or any part of it, any more. */
export function giveBack(message: Message): void {
  if (!message.alone) return;
  message.alone = false;
  giveChunk(wholeChunk(message.body));
}
