import type { Broker } from "../broker/index.ts";
import type { Overlay } from "../overlay/index.ts";
import type { EventRepair } from "./event-repair.ts";

/** How often it is looked whether events are missing that no later event tells of, in milliseconds. */
const LOOK_MS = 5000;

/** The first wait while the epoch is not known, because those above do not know it yet either; doubled each time. */
const FIRST_LOOK_MS = 10;

/** How often it is looked whether there is somebody now who keeps events, while nobody does. */
const NOBODY_MS = 60_000;

export interface FollowEventsOptions {
  readonly broker: Broker;
  readonly overlay: Overlay;
  readonly repair: EventRepair;
}

/**
 * Keeps a rank above 0 up to date about events: which epoch it is, and which event is the latest, when none has come for a while. What it does not have is
 * asked for by the overlay. Goes on until the returned function is called.
 */
export function followEvents({ broker, overlay, repair }: FollowEventsOptions): () => void {
  const { events } = broker;
  if (events === undefined) return () => {};
  events.older = repair;
  events.repairs = () => ({ ...overlay.repairs });
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let seen = -1;
  let soonMs = FIRST_LOOK_MS;
  const soon = (): number => {
    const ms = soonMs;
    soonMs = Math.min(LOOK_MS, soonMs * 2);
    return ms;
  };
  const look = async (): Promise<void> => {
    const { epoch, seq } = events.last;
    let waitMs = LOOK_MS;
    // Events that come tell of those before them.
    if (epoch === 0 || seq === seen) {
      try {
        const latest = await repair.latest();
        // One who has joined just now may know nothing at all.
        const isKnown = latest !== undefined && (latest.epoch !== 0 || latest.seq !== 0);
        if (isKnown && !stopped) {
          events.begin(latest);
          overlay.expectEvents(latest);
        }
        if (latest === undefined) waitMs = NOBODY_MS;
        else if (latest.epoch === 0) waitMs = soon();
      } catch {
        // There is no way to them now. A later look may find one, or this rank ends.
        if (epoch === 0) waitMs = soon();
      }
    }
    seen = seq;
    if (!stopped) timer = setTimeout(() => void look(), waitMs).unref();
  };
  void look();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
