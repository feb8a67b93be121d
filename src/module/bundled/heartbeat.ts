import { FluxError, formatDuration, TIMER_MAX_MS } from "../../base/index.ts";
import { real } from "../../json/index.ts";
import { defineModule, type ModuleContext } from "../definition.ts";
import { applyHeartbeatArgs, type HeartbeatSettings, readHeartbeatConfig } from "./heartbeat-settings.ts";

const PULSE = "heartbeat.pulse";

/**
 * `heartbeat`: rank 0 publishes an event in regular intervals, which other ranks listen for. They log when it is overdue, and leave their
 * parent when it stays away. Source: flux-heartbeat(7), flux-config-heartbeat(5).
 */
export default defineModule({
  start(context) {
    const settings = applyHeartbeatArgs(readHeartbeatConfig(context.config), context.args);
    const heartbeat = context.rank === 0 ? new Leader(context, settings) : new Follower(context, settings);
    context.serve({
      "stats-get": () => ({
        period: real(heartbeat.settings.periodMs / 1000),
        timeout: real(heartbeat.settings.timeoutMs < 0 ? -1 : heartbeat.settings.timeoutMs / 1000),
        count: heartbeat.count,
        warn_thresh: heartbeat.settings.warnThresh,
      }),
    });
    context.onConfig((config) => heartbeat.apply(readHeartbeatConfig(config)));
    return heartbeat;
  },
});

/** What the heartbeat is on every rank: a timer, and a count of beats. */
abstract class Heartbeat implements Disposable {
  count = 0;
  settings: HeartbeatSettings;
  protected readonly context: ModuleContext;
  #timer: NodeJS.Timeout;

  constructor(context: ModuleContext, settings: HeartbeatSettings) {
    this.context = context;
    this.settings = settings;
    this.#timer = this.#beat(settings);
  }

  protected abstract tick(): void;

  apply(settings: HeartbeatSettings): void {
    if (settings.periodMs !== this.settings.periodMs) {
      clearInterval(this.#timer);
      this.#timer = this.#beat(settings);
    }
    this.settings = settings;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #beat({ periodMs }: HeartbeatSettings): NodeJS.Timeout {
    return setInterval(() => this.tick(), Math.min(periodMs, TIMER_MAX_MS));
  }
}

/** Rank 0: it beats, and at once. */
class Leader extends Heartbeat {
  constructor(context: ModuleContext, settings: HeartbeatSettings) {
    super(context, settings);
    this.tick();
  }

  protected override tick(): void {
    this.count++;
    this.context.flux.publish(PULSE).catch((error: unknown) => {
      if (!this.context.signal.aborted)
        this.context.log("err", `error publishing heartbeat: ${FluxError.from(error).message}`);
    });
  }
}

/** Other ranks: they listen, and look at the time of the last beat at every period. */
class Follower extends Heartbeat {
  #last = performance.now();
  #overdue = false;

  constructor(context: ModuleContext, settings: HeartbeatSettings) {
    super(context, settings);
    this.#listen().catch(() => {});
  }

  protected override tick(): void {
    const { periodMs, timeoutMs, warnThresh } = this.settings;
    const silentMs = performance.now() - this.#last;
    const overdue = silentMs > periodMs * warnThresh;
    if (overdue !== this.#overdue) {
      this.#overdue = overdue;
      this.context.log("warning", overdue ? "heartbeat overdue" : "heartbeat received");
    }
    if (timeoutMs < 0 || silentMs < timeoutMs) return;
    this.#last = performance.now();
    const reason = `no heartbeat for ${formatDuration(silentMs)}`;
    const { flux } = this.context;
    flux.call("overlay.disconnect-parent", { reason }, { noResponse: true }).catch(() => {});
  }

  async #listen(): Promise<void> {
    for await (const event of this.context.flux.subscribe(PULSE)) {
      if (event.topic !== PULSE) continue;
      this.count++;
      this.#last = performance.now();
    }
  }
}
