import { type EventPosition, type Message, MessageFlag } from "../message/index.ts";
import { Received } from "./received.ts";

/** An event, as a subscriber gets it. */
export class Event extends Received {
  /** The run of the sequence its number belongs to, where that is known: of events that a replay gives. */
  readonly epoch: number | undefined;

  constructor(message: Message, epoch?: number) {
    super(message);
    this.epoch = epoch;
  }

  /** What tells it from a mark. */
  get kind(): "event" {
    return "event";
  }

  /** Its global sequence number, from 1. */
  get seq(): number {
    return this.message.seq;
  }

  /** Where it stands among all events: what `since` takes, to go on behind it. Epoch 0 stands for one that is not known. */
  get position(): EventPosition {
    return { epoch: this.epoch ?? 0, seq: this.seq };
  }

  /** True for an event that only the instance owner and its sender get. */
  get private(): boolean {
    return this.message.has(MessageFlag.PRIVATE);
  }
}
