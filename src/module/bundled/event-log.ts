import { FluxError } from "../../base/index.ts";
import { answeredAtOnce, type Event, type Flux, LogSummary, type Subscription } from "../../client/index.ts";
import { type DiskLog, type DiskNotice, openDiskLog } from "../../event-log/index.ts";
import { type EventPosition, formatPosition, Role } from "../../message/index.ts";
import { EventLog, type EventLogSettings, replayMethods } from "../../replay/index.ts";
import { defineModule, type ModuleContext } from "../definition.ts";
import { readEventLogArgs } from "./event-log-args.ts";

const NAME = "event-log";

/** The event that tells the module where the sequence stands. */
const ONLINE = "event-log.online";

/** Events that wait while the folder is opened. Of more the oldest are lost: a module that fails would end the broker. */
export const MAX_QUEUE = 65_536;

/** How often it is looked for segments that are too old, in milliseconds. */
const EXPIRE_MS = 60_000;

/**
 * `event-log`: beside a broker of flux-core that is rank 0 it records all events, as a client that is subscribed to them, and gives them again by
 * `event-log.replay` as a broker of fluxbus does by `event.replay`. Source: docs/events.md.
 */
export default defineModule({
  async start(context) {
    try {
      const recorder = await start(context);
      const methods = replayMethods(recorder.log);
      context.serve(answeredAtOnce({ ...methods, "stats-get": methods["stat"]! }));
      return recorder;
    } catch (error) {
      // A broker of flux-core passes on what kind of an error it is, and not its text.
      context.log("err", FluxError.from(error).message);
      throw error;
    }
  },
});

async function start(context: ModuleContext): Promise<Recorder> {
  const { flux, args, config } = context;
  const settings = readEventLogArgs(args, config);
  if (settings.ring === null) throw new FluxError("EINVAL", "ring-events=0 leaves nothing to keep");
  if (context.name !== NAME)
    throw new FluxError("EINVAL", `load it under the name ${NAME}: that is the service which is looked for`);
  if (context.rank !== 0) throw new FluxError("EINVAL", "load it at rank 0: all others find it there");
  if (await hasReplay(flux)) {
    const text = "this broker keeps its events itself: event.replay and event.stat do what the module would";
    throw new FluxError("EEXIST", text);
  }
  return await Recorder.start(context, settings);
}

async function hasReplay(flux: Flux): Promise<boolean> {
  try {
    await flux.call("event.stat", {});
    return true;
  } catch (error) {
    if (FluxError.from(error).code === "ENOSYS") return false;
    throw error;
  }
}

/** Keeps the events of a subscription. */
class Recorder implements AsyncDisposable {
  readonly log: EventLog;
  /** Whoever publishes brings the lines about. */
  readonly #summary: LogSummary;
  readonly #events: Subscription;
  readonly #disk: DiskLog | undefined;
  readonly #expiring: NodeJS.Timeout;
  #recording: Promise<void> | undefined;
  #dropped = 0;

  private constructor(summary: LogSummary, events: Subscription, log: EventLog, disk: DiskLog | undefined) {
    this.log = log;
    this.#summary = summary;
    this.#events = events;
    this.#disk = disk;
    this.#expiring = setInterval(() => void disk?.expire(), EXPIRE_MS);
    this.#expiring.unref();
  }

  /**
   * Subscribes to all events and opens the log. It goes on with the epoch of the broker's run, which began when the broker did: what passed while
   * the module was not loaded is lost, and known as that.
   */
  static async start(context: ModuleContext, settings: EventLogSettings): Promise<Recorder> {
    const { flux } = context;
    const seconds = Number(await flux.attributes.get("broker.starttime"));
    const summary = new LogSummary({ write: (level, text) => context.log(level, text) });
    const events = flux.subscribe("", { maxQueue: MAX_QUEUE, overflow: "drop-oldest", allow: Role.ALL });
    try {
      await events.ready;
      await flux.publish(ONLINE, undefined, { private: true });
      const { value: first } = await events.next();
      if (first === undefined) throw new FluxError("ECANCELED", "the connection to the broker ended");
      const after = { epoch: Math.round(seconds * 1000), seq: first.seq - 1 };
      const disk = await openDisk(summary, settings, after);
      const { ring, sync } = settings;
      const schedule = (call: () => void): void => void setImmediate(call);
      const log = new EventLog({ rank: 0, ring: ring ?? {}, disk, sync, after, schedule });
      const recorder = new Recorder(summary, events, log, disk);
      recorder.#begin(first);
      return recorder;
    } catch (error) {
      await events.close();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#expiring);
    await this.#events.close();
    await this.#recording;
    this.log.stop();
    await this.#disk?.close();
    this.#summary.close();
  }

  #begin(first: Event): void {
    const { epoch, seq } = this.log.last;
    if (seq < first.seq - 1) {
      const after = formatPosition({ epoch, seq });
      this.#summary.report(
        "warning",
        `events behind ${after} up to ${first.seq - 1} passed while it was not loaded`,
        { kind: "events not kept" },
      );
    }
    this.#take(first);
    this.#recording = this.#record();
  }

  async #record(): Promise<void> {
    try {
      for await (const event of this.#events) this.#take(event);
    } catch {
      // The connection has ended, and this module with it.
    }
  }

  #take({ message }: Event): void {
    const { dropped } = this.#events;
    if (dropped > this.#dropped)
      this.#summary.report(
        "err",
        `${dropped - this.#dropped} events are lost: they came faster than they were taken`,
        { kind: "events lost" },
      );
    this.#dropped = dropped;
    try {
      this.log.append(message);
    } catch (error) {
      // Its number is none that can follow.
      const cause = { kind: "events not kept", userid: message.userid };
      this.#summary.report("err", `${message.topic}: ${FluxError.from(error).message}`, cause);
    }
  }
}

/** Opens the log on disk, if there is to be one. */
async function openDisk(
  summary: LogSummary,
  { path, disk: limits, sync }: EventLogSettings,
  after: EventPosition,
): Promise<DiskLog | undefined> {
  if (path === undefined) return undefined;
  const report = ({ level, text }: DiskNotice): void =>
    summary.report(level, text, { kind: text.replace(/\d+/g, "N") });
  return await openDiskLog({ folder: path, now: () => Date.now(), sync, limits, report, after });
}
