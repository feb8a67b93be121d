import {
  comparePositions,
  type EventPosition,
  LAST_SEQ,
  type Message,
  MessageFlag,
  Role,
} from "../../src/message/index.ts";

/** An event as rank 0 numbered it. */
export interface Published extends EventPosition {
  readonly topic: string;
  /** What its publisher called it: each has its own. */
  readonly id: string;
  readonly userid: number;
  readonly rolemask: number;
  readonly secret: boolean;
  readonly at: number;
}

interface Epoch {
  readonly epoch: number;
  /** The number before the first. */
  readonly after: number;
  readonly events: Published[];
}

const decoder = new TextDecoder();

/** The name of an event that a publisher of the simulation made. */
export function idOf(event: Message): string {
  return decoder.decode(event.payload);
}

/** All that rank 0 ever numbered, whatever became of it: the truth that everything else is held to. */
export class EventRecord {
  readonly #epochs: Epoch[] = [];
  readonly #ids = new Map<string, Published>();
  /** First epoch of the present run of rank 0. */
  run = 0;

  /** Rank 0 begins a run behind `after`. */
  begin({ epoch, seq }: EventPosition): void {
    this.run = epoch;
    this.#epochs.push({ epoch, after: seq, events: [] });
  }

  /** Adds an event that rank 0 has numbered; returns what is wrong with that. */
  add(epoch: number, event: Message): string | undefined {
    if (epoch !== this.last.epoch) this.#epochs.push({ epoch, after: 0, events: [] });
    const { after, events } = this.#epochs.at(-1)!;
    const id = idOf(event);
    const { seq, topic = "", userid, rolemask } = event;
    const secret = event.has(MessageFlag.PRIVATE);
    const published = { epoch, seq, topic, id, userid, rolemask, secret, at: Date.now() };
    if (seq !== after + events.length + 1) return `rank 0 numbered ${seq} behind ${this.last.seq}`;
    if (this.#ids.has(id)) return `rank 0 numbered ${id} twice`;
    events.push(published);
    this.#ids.set(id, published);
    return undefined;
  }

  /** The latest event. */
  get last(): EventPosition {
    const { epoch, after, events } = this.#epochs.at(-1)!;
    return { epoch, seq: after + events.length };
  }

  /** Number of events of all epochs. */
  get size(): number {
    return this.#ids.size;
  }

  /** The last number of an epoch; undefined for one that never was. */
  lastOf(epoch: number): number | undefined {
    const found = this.#epochs.find((it) => it.epoch === epoch);
    return found && found.after + found.events.length;
  }

  at({ epoch, seq }: EventPosition): Published | undefined {
    const found = this.#epochs.find((it) => it.epoch === epoch);
    return found?.events[seq - found.after - 1];
  }

  named(id: string): Published | undefined {
    return this.#ids.get(id);
  }

  /** The events of an epoch behind `after`, up to `last`. */
  between(epoch: number, after: number, last: number): readonly Published[] {
    const found = this.#epochs.find((it) => it.epoch === epoch);
    if (found === undefined) return [];
    return found.events.slice(Math.max(0, after - found.after), Math.max(0, last - found.after));
  }

  /** The epochs above one, up to another, ascending. */
  epochs(above: number, upTo: number): number[] {
    return this.#epochs.map(({ epoch }) => epoch).filter((epoch) => epoch > above && epoch <= upTo);
  }

  /** Below 0 when a reader at `a` has more before it than one at `b`: the end of an epoch is the beginning of the next. */
  compare(a: EventPosition, b: EventPosition): number {
    return comparePositions(onwards(a), onwards(b));
  }

  /** Where a reader begins that wants what came at `time` or later, if all of the run is there. */
  positionAt(time: number): EventPosition | undefined {
    for (const { epoch, events } of this.#epochs) {
      if (epoch < this.run) continue;
      const event = events.find(({ at }) => at >= time);
      if (event !== undefined) return { epoch, seq: event.seq - 1 };
    }
    return undefined;
  }
}

function onwards({ epoch, seq }: EventPosition): EventPosition {
  return seq === LAST_SEQ ? { epoch: epoch + 1, seq: 0 } : { epoch, seq };
}

/** Whom an event is for. */
export interface Reader {
  readonly prefix: string;
  /** The user it is; undefined for the owner of the instance. */
  readonly guest: number | undefined;
  /** Whether it takes events of guests. */
  readonly takesGuests: boolean;
}

/** Whether a reader is to get an event. */
export function isFor({ prefix, guest, takesGuests }: Reader, event: Published): boolean {
  if (!event.topic.startsWith(prefix)) return false;
  if ((event.rolemask & Role.OWNER) === 0 && !takesGuests) return false;
  return !event.secret || guest === undefined || event.userid === guest;
}
