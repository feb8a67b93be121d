import { MessageFlag } from "../message/index.ts";
import { Received } from "./received.ts";

/** An event, as a subscriber gets it. */
export class Event extends Received {
  /** Its global sequence number, from 1. */
  get seq(): number {
    return this.message.seq;
  }

  /** True for an event that only the instance owner and its sender get. */
  get private(): boolean {
    return this.message.has(MessageFlag.PRIVATE);
  }
}
