import type { Event, EventMark, Flux, Replay } from "../../src/client/index.ts";
import { connect } from "../../src/connect/index.ts";
import { comparePositions, type EventPosition } from "../../src/message/index.ts";
import { line, SOAK_PREFIX } from "./events-soak-record.ts";

/** Longest wait between two attempts to connect again, in milliseconds. */
const RECONNECT_MS = 200;

/** Subscribes at one rank, with one replay for the whole run, and writes down what comes. */
export class SoakSubscriber {
  readonly rank: number;
  /** The events as lines, in the order they came, and when each came. */
  readonly record: string[] = [];
  readonly times: number[] = [];
  /** Events it was told it can't have. */
  readonly lost: string[] = [];
  /** How often its connection was lost, and what its handle had to say. */
  reconnects = 0;
  readonly said: string[] = [];
  /** Why it ended, if it did before `close`. */
  failure: unknown;
  #flux!: Flux;
  #replay!: Replay<Event | EventMark>;
  #reading: Promise<void> = Promise.resolve();

  private constructor(rank: number) {
    this.rank = rank;
  }

  /** Subscribes to all events there have been and come. Its broker is there. */
  static async at(uri: string, rank: number): Promise<SoakSubscriber> {
    const made = new SoakSubscriber(rank);
    made.#flux = await connect(uri, {
      env: {},
      reconnect: { maxDelayMs: RECONNECT_MS },
      onStatus: (status) => {
        if (status === "reconnecting") made.reconnects++;
      },
      onLog: (level, text) => made.said.push(`${level}: ${text}`),
    });
    made.#replay = made.#flux.subscribe(SOAK_PREFIX, { since: "begin", marks: true });
    made.#reading = made.#read();
    return made;
  }

  /** True when everything up to a position was told. */
  hasCome(position: EventPosition): boolean {
    const at = this.#replay.position;
    return at !== undefined && comparePositions(at, position) >= 0;
  }

  get position(): EventPosition | undefined {
    return this.#replay.position;
  }

  async close(): Promise<void> {
    await this.#flux.close();
    await this.#reading;
  }

  async #read(): Promise<void> {
    try {
      for await (const item of this.#replay) {
        if (item.kind === "event") {
          this.record.push(line(item.position, item.topic, item.message.payload));
          this.times.push(performance.now());
        } else if (item.kind === "lost") this.lost.push(JSON.stringify(item.lost));
      }
    } catch (error) {
      this.failure = error;
    }
  }
}
