import { base64Length, EMPTY, encodeBase64, ownText } from "../base/index.ts";
import { encodeReplay, headJson, type Payload, type ReplayHead, type Request } from "../client/index.ts";
import type { EventBatch, ReadOptions } from "../event-log/index.ts";
import { type JsonObject, real } from "../json/index.ts";
import {
  decodeAll,
  type EventPosition,
  type Message,
  MessageFlag,
  maySeePrivate,
  Role,
  USERID_UNKNOWN,
} from "../message/index.ts";
import type { EventFollower } from "./event-followers.ts";
import type { ReadSlices } from "./read-slices.ts";
import type { ReplaySource } from "./replay-methods.ts";
import type { ReplayRequest } from "./replay-request.ts";
import type { SharedBatch } from "./shared-batch.ts";

/** Frames in a response, in bytes: at least one event. */
const BATCH_BYTES = 64 * 1024;
/** Room for what a response holds besides its routes, its topic and its events, in bytes. */
const HEAD_BYTES = 1024;
/** Most events in a response. */
const BATCH_EVENTS = 65_536;

/** What all readers of a log have in common. */
export interface ReplayPort {
  readonly source: ReplaySource;
  readonly shared: SharedBatch;
  /** Gives the readers the event loop by turns. */
  readonly slices: ReadSlices;
  /** Largest frame that a response may be, in bytes. */
  readonly maxFrameBytes: number;
  /** Called once for each request that is over. */
  readonly over: (request: Request) => void;
}

/**
 * Answers one request to replay events, from its first position on. One that follows is an object that waits, and nothing else, as long as no events
 * come for it: there may be very many.
 */
export class ReplayReader implements EventFollower {
  readonly prefix: string;
  isIdle = false;
  at: EventPosition = { epoch: 0, seq: 0 };
  readonly #port: ReplayPort;
  readonly #request: Request;
  readonly #asked: ReplayRequest;
  #left: number;
  /** Whose private events it sees: those of all when it is the owner's. */
  readonly #user: number;
  /** What the reader was told last. */
  #told: EventPosition = this.at;
  #isReading = true;
  /** Events came for it while it read. */
  #again = false;
  #isOver = false;

  constructor(port: ReplayPort, request: Request, asked: ReplayRequest) {
    this.prefix = ownText(asked.prefix);
    this.#port = port;
    this.#request = request;
    this.#asked = asked;
    this.#left = asked.limit;
    this.#user = isOwners(request) ? USERID_UNKNOWN : request.userid;
    request.onCancel(() => this.#stop());
  }

  /** Answers with the first position, then with what there is. Resolves when that is read. Throws what the source throws. */
  async start(): Promise<void> {
    try {
      this.at = await this.#port.source.resolve(this.#asked.since);
      this.#tell({ epoch: this.at.epoch, through: this.at.seq }, undefined);
      await this.#read();
    } catch (error) {
      this.#stop();
      throw error;
    }
  }

  wake(): void {
    this.#again = true;
    if (this.#isReading) return;
    this.#isReading = true;
    this.#read().catch((error: unknown) => {
      this.#stop();
      this.#request.fail(error);
    });
  }

  mark(): void {
    if (this.#owes && !this.#request.over)
      this.#tell({ epoch: this.at.epoch, through: this.at.seq }, undefined);
  }

  /** Its caller has left, or it has its last answer. */
  #stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#port.source.forget(this);
    this.#port.over(this.#request);
  }

  get #owes(): boolean {
    return !isAt(this.#told, this.at);
  }

  /** Reads until nothing more is there. Then it waits, or ends. */
  async #read(): Promise<void> {
    const { follow, once, until } = this.#asked;
    const { source, shared } = this.#port;
    // An epoch that is not known stands for the present one.
    const end = until?.epoch === 0 ? { epoch: this.at.epoch, seq: until.seq } : until;
    while (this.#left > 0 && !this.#isOver) {
      if (end !== undefined && reached(this.at, end)) break;
      const ready = this.#ready();
      if (ready !== undefined) {
        await ready;
        if (this.#isOver) break;
      }
      this.#again = false;
      const reading = shared.read(source, this.at, this.#options(end), this.#user);
      const read = reading instanceof Promise ? await reading : reading;
      const batch = read.frames.length > BATCH_BYTES ? this.#withoutLarge(read) : read;
      const { next } = batch;
      // Where the log is there is nothing more to read.
      const hasMore = !isAt(next, this.at) && !isAt(next, source.last);
      this.at = next;
      this.#left -= batch.count;
      const isNews = batch.count > 0 || batch.lost.length > 0 || batch.ended || batch.unknown;
      // Of events that are not for it a follower hears now and then.
      if (isNews || (this.#owes && !follow)) {
        this.#tell(this.#headOf(batch), batch);
      }
      if (once || this.#isOver) break;
      if (hasMore || this.#again) continue;
      if (!follow) break;
      this.#isReading = false;
      source.wait(this, this.#owes);
      return;
    }
    this.#stop();
    if (!this.#request.over) this.#request.respondError("ENODATA");
  }

  /** Undefined when the caller's queue has room and it is this reader's turn; else a promise for when that is so. */
  #ready(): Promise<void> | undefined {
    const room = this.#request.writable();
    if (room !== undefined) return this.#whenReady(room, false);
    const turn = this.#port.slices.enter();
    return turn === undefined ? undefined : this.#whenReady(turn, true);
  }

  async #whenReady(wait: Promise<void>, isTurn: boolean): Promise<void> {
    await wait;
    // Others may have filled the queue again meanwhile.
    const room = this.#isOver ? undefined : this.#request.writable();
    if (room !== undefined) return this.#whenReady(room, false);
    const { slices } = this.#port;
    const turn = this.#isOver || (isTurn && slices.hasTime) ? undefined : slices.enter();
    if (turn !== undefined) await this.#whenReady(turn, true);
  }

  /** The batch without an event that no response can hold, which is alone in its batch: it counts as lost. */
  #withoutLarge(batch: EventBatch): EventBatch {
    if (batch.count !== 1) return batch;
    const { headStart, headEnd } = this.#request.message;
    const { length } = batch.frames;
    const bytes = this.#asked.encoding === "frames" ? length : base64Length(length);
    if (bytes <= this.#port.maxFrameBytes - (headEnd - headStart) - HEAD_BYTES) return batch;
    const [event] = decodeAll(batch.frames);
    const lost = [...batch.lost, [event!.seq, event!.seq] as const].sort(([a], [b]) => a - b);
    return { ...batch, frames: EMPTY, count: 0, times: batch.times.subarray(0, 0), lost };
  }

  #options(end: EventPosition | undefined): ReadOptions {
    const { message } = this.#request;
    return {
      prefix: this.prefix,
      through: end?.epoch === this.at.epoch ? end.seq : undefined,
      maxBytes: BATCH_BYTES,
      maxEvents: Math.min(this.#left, BATCH_EVENTS),
      ...(!isOwners(this.#request) && {
        see: (userid: number, _flags: number, rolemask: number) =>
          maySeePrivate(message, { userid, rolemask }),
      }),
    };
  }

  #headOf(batch: EventBatch): ReplayHead {
    const { epoch, through, lost, unknown } = batch;
    const head = { epoch, through, lost, unknown, next: batch.ended ? batch.next.epoch : undefined };
    return this.#asked.times ? { ...head, times: [...batch.times] } : head;
  }

  #tell(head: ReplayHead, batch: EventBatch | undefined): void {
    this.#told = this.at;
    const { encoding, times } = this.#asked;
    const encode = (): Payload => (encoding === "frames" ? encodeFrames : encodeJson)(head, batch);
    const form = times ? `${encoding} times` : encoding;
    this.#request.respond(batch === undefined ? encode() : this.#port.shared.encode(batch, form, encode));
  }
}

function isOwners({ rolemask }: Request): boolean {
  return (rolemask & Role.OWNER) !== 0;
}

function isAt(one: EventPosition, other: EventPosition): boolean {
  return one.seq === other.seq && one.epoch === other.epoch;
}

function reached(at: EventPosition, until: EventPosition): boolean {
  return at.epoch > until.epoch || (at.epoch === until.epoch && at.seq >= until.seq);
}

function encodeFrames(head: ReplayHead, batch: EventBatch | undefined): Payload {
  return encodeReplay(head, batch?.frames ?? new Uint8Array());
}

function encodeJson(head: ReplayHead, batch: EventBatch | undefined): JsonObject {
  const events = batch === undefined ? [] : decodeAll(batch.frames);
  return { ...headJson(head), events: events.map((event, index) => eventJson(event, batch!.times[index]!)) };
}

function eventJson(event: Message, timeMs: number): JsonObject {
  const { seq, topic = "", userid, rolemask, payload } = event;
  return {
    seq,
    topic,
    userid,
    rolemask,
    time: real(timeMs / 1000),
    ...(event.has(MessageFlag.PRIVATE) && { private: true }),
    ...(payload !== undefined && { payload: encodeBase64(payload) }),
  };
}
