import { appendFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type Event, type EventMark, type Flux, type Replay, readReplay } from "../../src/client/index.ts";
import { connect } from "../../src/connect/index.ts";
import type { JsonObject } from "../../src/json/index.ts";
import { comparePositions, type EventPosition } from "../../src/message/index.ts";
import type { CliProcess } from "../process/cli-process.ts";
import { BrokerProcesses } from "./broker-processes.ts";
import { CrashRecord, type LogReading, type Sighting } from "./crash-record.ts";
import { type Random, seededRandom } from "./message-fuzz.ts";
import { until } from "./until.ts";

const PUBLISHERS = 4;
/** Publications that each of them has under way. */
const WINDOW = 16;
/** Most confirmed events of a run. */
const RUN_EVENTS = 1500;
/** One run in so many leaves bytes behind the end of its log that are no event. */
const GARBAGE_SHARE = 4;
const STEP_MS = 60_000;
const PREFIX = "crash.";

/**
 * A broker that keeps its events on disk, and is killed while they are published; and the record of who saw what. A subscriber with a memory is
 * there from the first run to the last.
 */
export class CrashLog implements AsyncDisposable {
  readonly record = new CrashRecord();
  /** The folder of the log. */
  readonly path: string;
  readonly #brokers: BrokerProcesses;
  readonly #random: Random;
  readonly #seen: { events: Sighting[]; openEnds: EventPosition[]; lost: string[] } = {
    events: [],
    openEnds: [],
    lost: [],
  };
  #process: CliProcess | undefined;
  #epoch = 0;
  #runs = 0;
  #follower: { readonly flux: Flux; readonly replay: Replay<Event | EventMark> } | undefined;
  #following: Promise<void> | undefined;

  private constructor(path: string, brokers: BrokerProcesses, random: Random) {
    this.path = path;
    this.#brokers = brokers;
    this.#random = random;
  }

  /** Starts the broker in a folder with a short path, and the subscriber. */
  static async start(folder: string, seed: number): Promise<CrashLog> {
    const path = join(folder, "events");
    const brokers = await BrokerProcesses.configured(folder, {
      size: 1,
      topology: "kary:2",
      attributes: { "event-log.path": path, "event-log.sync": "1" },
      runMs: 24 * 3600 * 1000,
    });
    const crash = new CrashLog(path, brokers, seededRandom(seed));
    await crash.restart();
    await crash.#follow();
    return crash;
  }

  /** What the broker has logged in this run. */
  async log(): Promise<string> {
    await using flux = await this.#connect();
    const lines: string[] = [];
    for await (const response of flux.callStream("log.dmesg", { follow: false }))
      lines.push(response.text ?? "");
    return lines.join("\n");
  }

  /** What event.stat tells. */
  async stat(): Promise<JsonObject> {
    await using flux = await this.#connect();
    return await flux.rpc("event.stat");
  }

  /** Publishes from several connections and kills the broker in the middle of it. */
  async kill(): Promise<void> {
    const { confirmed } = this.record;
    const run = this.#runs;
    const handles = await Promise.all(Array.from({ length: PUBLISHERS + 1 }, () => this.#connect()));
    const watcher = handles.pop()!;
    const watching = this.#watch(watcher);
    await watching.ready;
    const target = confirmed.length + this.#random(RUN_EVENTS);
    const publishing = handles.flatMap((flux, publisher) =>
      Array.from({ length: WINDOW }, (_, place) => this.#publish(flux, `${run}.${publisher}.${place}`)),
    );
    const process = this.#process!;
    await until(() => confirmed.length >= target || process.ended, `${target} are confirmed`, STEP_MS);
    this.record.killed.push(this.#epoch);
    await process.end("SIGKILL");
    await Promise.all(publishing);
    await watching.ended;
    await Promise.all([watcher, ...handles].map((flux) => flux.close()));
  }

  /** Leaves bytes behind the end of the log, as a write that was not completed may. */
  litter(): void {
    const length = 1 + this.#random(300);
    const bytes = Uint8Array.from({ length }, () => this.#random(256));
    appendFileSync(join(this.path, this.lastSegment()), bytes);
  }

  /** Name of the file that the latest events are in. */
  lastSegment(): string {
    const names = readdirSync(this.path).filter((name) => name.endsWith(".events"));
    return names.sort().at(-1)!;
  }

  /** Starts the broker again. */
  async restart(): Promise<void> {
    this.#process = this.#brokers.start(0);
    this.#runs++;
    await using flux = await this.#connect();
    this.#epoch = Number((await flux.rpc("event.stat", {}, { timeoutMs: STEP_MS }))["epoch"]);
  }

  /** One round: publishes, kills, sometimes leaves litter, starts again. */
  async round(): Promise<void> {
    await this.kill();
    if (this.#random(GARBAGE_SHARE) === 0) this.litter();
    await this.restart();
  }

  /** Reads the log from its beginning, and checks it and what the subscriber saw; gives it. */
  async check(): Promise<LogReading> {
    const log = await this.read();
    this.record.checkLog(log);
    const end = await this.#end();
    const replay = this.#follower!.replay;
    const caughtUp = (): boolean =>
      replay.position !== undefined && comparePositions(replay.position, end) >= 0;
    await until(caughtUp, "the subscriber has come to the end", STEP_MS);
    this.record.checkFollower(this.#seen, log);
    return log;
  }

  /** All events of the log. */
  async read(): Promise<LogReading> {
    await using flux = await this.#connect();
    const events: Sighting[] = [];
    const openEnds: EventPosition[] = [];
    const lost: string[] = [];
    const request = { prefix: PREFIX, since: "begin", encoding: "frames" };
    for await (const { payload } of flux.callStream("event.replay", request)) {
      const part = readReplay(payload);
      const { epoch } = part;
      for (const event of part.events) events.push({ epoch, seq: event.seq, id: event.topic! });
      for (const range of part.lost ?? []) lost.push(`${epoch}:${range}`);
      if (part.unknown === true) openEnds.push({ epoch, seq: part.through });
    }
    return { events, openEnds, lost };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#follower?.flux.close();
    await this.#following;
    await this.#brokers.kill();
  }

  /** A handle of the run that there is now, or that is about to begin. */
  async #connect(reconnect = false): Promise<Flux> {
    let flux: Flux | undefined;
    const attempt = async (): Promise<boolean> => {
      flux = await connect(this.#brokers.uri(0), { env: {}, reconnect, onLog: () => {} }).catch(
        () => undefined,
      );
      return flux !== undefined;
    };
    await until(attempt, "the broker listens", STEP_MS);
    return flux!;
  }

  async #end(): Promise<EventPosition> {
    const { epoch, last } = await this.stat();
    return { epoch: Number(epoch), seq: Number(last) };
  }

  /** Publishes one event after the other, until the broker is gone. */
  async #publish(flux: Flux, name: string): Promise<void> {
    const epoch = this.#epoch;
    for (let n = 0; ; n++) {
      const id = `${PREFIX}${name}.${n}`;
      try {
        const { seq } = await flux.publish(id, { fill: "x".repeat(this.#random(400)) });
        this.record.confirmed.push({ epoch, seq, id });
      } catch {
        return;
      }
    }
  }

  /** Notes what comes to a subscription without a memory. */
  #watch(flux: Flux): { readonly ready: Promise<void>; readonly ended: Promise<void> } {
    const epoch = this.#epoch;
    const subscription = flux.subscribe(PREFIX);
    const watch = async (): Promise<void> => {
      try {
        for await (const { seq, topic } of subscription) this.record.live.push({ epoch, seq, id: topic });
      } catch {
        // It ends with the broker.
      }
    };
    return { ready: subscription.ready, ended: watch() };
  }

  async #follow(): Promise<void> {
    const flux = await this.#connect(true);
    const replay = flux.subscribe(PREFIX, { since: "begin", marks: true });
    this.#follower = { flux, replay };
    await replay.ready;
    this.#following = this.#note(replay);
  }

  async #note(replay: Replay<Event | EventMark>): Promise<void> {
    const { events, openEnds, lost } = this.#seen;
    for await (const item of replay) {
      if (item.kind === "event") events.push({ ...item.position, id: item.topic });
      else if (item.kind === "lost" && item.lost.last === undefined)
        openEnds.push({ epoch: item.lost.epoch, seq: item.lost.first - 1 });
      else if (item.kind === "lost") lost.push(`${item.lost.epoch}:${item.lost.first},${item.lost.last}`);
    }
  }
}
