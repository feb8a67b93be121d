import { setTimeout as delay } from "node:timers/promises";
import { OWNER } from "./guest.ts";
import { RawConnection } from "./raw-connection.ts";

/** Pause between two measurements, in milliseconds. */
export const EVERY_MS = 20;

/** Measures a wait again and again. */
export interface Meter {
  /** The longest wait since `reset` in milliseconds, that under way included. */
  readonly worst: number;
  /** Waits that ended since `reset`. */
  readonly count: number;
  /** The latest wait, or that under way when it is longer, in milliseconds. */
  readonly latest: number;
  /** Why nothing is measured any more. */
  readonly failure: string | undefined;
  reset(): void;
  stop(): void;
}

/** How long `wait` takes beyond `expectedMs`, over and over. */
function startMeter(wait: () => Promise<void>, expectedMs: number, pauseMs: number): Meter {
  let worst = 0;
  let latest = 0;
  let count = 0;
  let since: number | undefined;
  let failure: string | undefined;
  let isStopped = false;
  const waited = (): number => (since === undefined ? 0 : performance.now() - since - expectedMs);
  const run = async (): Promise<void> => {
    while (!isStopped) {
      since = performance.now();
      await wait();
      latest = waited();
      worst = Math.max(worst, latest);
      count++;
      since = undefined;
      if (pauseMs > 0) await delay(pauseMs);
    }
  };
  run().catch((error: unknown) => {
    worst = Math.max(worst, waited());
    since = undefined;
    failure = error instanceof Error ? error.message : String(error);
  });
  return {
    get worst() {
      return Math.max(worst, waited());
    },
    get count() {
      return count;
    },
    get latest() {
      return Math.max(latest, waited());
    },
    get failure() {
      return failure;
    },
    reset() {
      worst = 0;
      count = 0;
    },
    stop() {
      isStopped = true;
    },
  };
}

/** How late a timer of `EVERY_MS` comes: what this machine does to any process. */
export function startTimerMeter(): Meter {
  return startMeter(() => delay(EVERY_MS), EVERY_MS, 0);
}

/** How long the owner's broker.ping takes, on a connection of its own, every `EVERY_MS`. */
export async function startPingMeter(path: string): Promise<Meter> {
  const connection = await RawConnection.open(path, OWNER);
  const ping = async (): Promise<void> => {
    await connection.ask("broker.ping", {}, { waitMs: 600_000 });
  };
  const meter = startMeter(ping, 0, EVERY_MS);
  const stop = (): void => {
    meter.stop();
    connection.destroy();
  };
  return Object.create(meter, { stop: { value: stop } }) as Meter;
}
