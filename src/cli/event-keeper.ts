import { FluxError } from "../base/index.ts";
import { type Flux, REPLAY_TOPICS } from "../client/index.ts";
import type { JsonObject } from "../json/index.ts";

/** Who keeps events for a broker. */
export interface EventKeeper {
  /** Its topics begin with this. */
  readonly service: string;
  /** What it tells of them. Source: docs/events.md. */
  readonly stat: JsonObject;
}

/**
 * Finds who keeps events: the broker, or the module event-log beside it.
 * @throws FluxError ENOSYS when nobody does; as flux.rpc does.
 */
export async function findEventKeeper(flux: Flux, rank?: number): Promise<EventKeeper> {
  for (const topic of REPLAY_TOPICS) {
    const service = topic.slice(0, topic.indexOf("."));
    try {
      const stat = await flux.rpc(`${service}.stat`, {}, rank === undefined ? {} : { nodeid: rank });
      return { service, stat };
    } catch (error) {
      if (FluxError.from(error).code !== "ENOSYS") throw error;
    }
  }
  throw new FluxError(
    "ENOSYS",
    "no events are kept here: event-log.ring-events is 0, or a flux-core broker is without the module event-log",
  );
}
