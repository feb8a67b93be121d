import { EMPTY, FluxError } from "../base/index.ts";
import {
  type Flux,
  REPLAY_TOPICS,
  type ReplayResponse,
  readReplay,
  type Since,
  sinceJson,
} from "../client/index.ts";
import {
  type EventBatch,
  type ReadOptions,
  type RepairAnswer,
  relayedBatch,
  type SeqRange,
} from "../event-log/index.ts";
import type { JsonObject } from "../json/index.ts";
import { type EventPosition, type EventRange, NODEID_ANY } from "../message/index.ts";
import type { OlderEvents } from "../replay/index.ts";

/** Most events that one request asks for; of what is missing beyond, the next. */
const REQUEST_EVENTS = 4096;

/** Longest wait for each response, in milliseconds. */
export const RESPONSE_MS = 2000;

/** Somebody who may have events: a method and where to send it. */
interface Keeper {
  readonly service: string;
  readonly nodeid: number;
}

export interface EventRepairOptions {
  /** The broker's own handle. */
  readonly flux: () => Flux;
  /** Rank of the parent. */
  readonly parent: number;
}

/**
 * Gets events from those who keep them: the parent, then rank 0, then the module event-log of a broker of flux-core. Who does not know the request is not
 * asked again, but for the module, which may be loaded at any time.
 */
export class EventRepair implements OlderEvents {
  readonly #flux: () => Flux;
  readonly #keepers: readonly Keeper[];
  readonly #useless = new Set<Keeper>();

  constructor({ flux, parent }: EventRepairOptions) {
    this.#flux = flux;
    const [own, module] = REPLAY_TOPICS.map((topic) => topic.slice(0, -".replay".length));
    const ranks = parent === 0 ? [0] : [parent, 0];
    this.#keepers = [
      ...ranks.map((nodeid) => ({ service: own!, nodeid })),
      { service: module!, nodeid: NODEID_ANY },
    ];
  }

  /**
   * The events of a range as far as anybody has them; the others are gone. With epoch 0 the range is one of the present epoch.
   * @throws FluxError when who should know can't be asked now.
   */
  async ask({ epoch, first, last }: EventRange, signal: AbortSignal): Promise<RepairAnswer> {
    let gone: readonly SeqRange[] = [[first, last]];
    const events: RepairAnswer["events"][number][] = [];
    for (const keeper of this.#candidates()) {
      const missing = gone;
      const still: SeqRange[] = [];
      try {
        for (const [from, to] of missing) {
          const request = {
            since: { epoch, seq: from - 1 },
            until: { epoch, seq: to },
            limit: REQUEST_EVENTS,
          };
          for await (const part of this.#replay(keeper, request, signal)) {
            events.push(...part.events);
            still.push(...(part.lost ?? []));
            // Of that epoch nothing is left there.
            if (part.unknown === true) still.push([Math.max(from, part.through + 1), to]);
          }
        }
      } catch (error) {
        if (this.#cannot(keeper, error)) continue;
        throw error;
      }
      gone = still;
      if (gone.length === 0) break;
    }
    return { events, gone };
  }

  /** The latest event as the nearest of them knows it; undefined when nobody keeps events. */
  async latest(): Promise<EventPosition | undefined> {
    for (const keeper of this.#candidates()) {
      try {
        const { service, nodeid } = keeper;
        const stat = await this.#flux().rpc(`${service}.stat`, {}, { nodeid, timeoutMs: RESPONSE_MS });
        return { epoch: Number(stat["epoch"]), seq: Number(stat["last"]) };
      } catch (error) {
        if (!this.#cannot(keeper, error)) throw error;
      }
    }
    return undefined;
  }

  async resolve(since: Since): Promise<EventPosition> {
    // Ends before the first event: only the place is wanted.
    const request = { since: sinceJson(since) as JsonObject, until: { epoch: 0, seq: 0 } };
    return await this.#first(request, ({ epoch, through }) => ({ epoch, seq: through }));
  }

  async read(after: EventPosition, options: ReadOptions): Promise<EventBatch> {
    const { prefix = "", through, maxEvents = REQUEST_EVENTS } = options;
    const until =
      through !== undefined && Number.isFinite(through) ? { epoch: after.epoch, seq: through } : undefined;
    const request = {
      prefix,
      since: { ...after },
      limit: Math.min(maxEvents, REQUEST_EVENTS),
      times: true,
      // Who is asked asks on for each look: it is not to look further than is wanted.
      once: true,
      ...(until !== undefined && { until }),
    };
    return await this.#first(
      request,
      (part) => {
        const isNews = part.through !== after.seq || part.epoch !== after.epoch || part.next !== undefined;
        return isNews ? batchOf(part, options) : undefined;
      },
      () => batchOf({ epoch: after.epoch, through: after.seq, events: [], frames: EMPTY }, options),
    );
  }

  /** What `take` makes of the first response that it wants, or `otherwise` when it wants none. Throws ENOSYS when nobody keeps events. */
  async #first<T>(
    request: JsonObject,
    take: (part: ReplayResponse) => T | undefined,
    otherwise?: () => T,
  ): Promise<T> {
    for (const keeper of this.#candidates()) {
      try {
        for await (const part of this.#replay(keeper, request)) {
          const taken = take(part);
          if (taken !== undefined) return taken;
        }
        if (otherwise !== undefined) return otherwise();
      } catch (error) {
        if (!this.#cannot(keeper, error)) throw error;
      }
    }
    throw new FluxError("ENOSYS", "no broker above keeps events");
  }

  async *#replay(
    { service, nodeid }: Keeper,
    request: object,
    signal?: AbortSignal,
  ): AsyncGenerator<ReplayResponse> {
    const options = { nodeid, timeoutMs: RESPONSE_MS, signal };
    const stream = this.#flux().callStream(`${service}.replay`, { encoding: "frames", ...request }, options);
    for await (const response of stream) yield readReplay(response.payload);
  }

  #candidates(): Keeper[] {
    return this.#keepers.filter((keeper) => !this.#useless.has(keeper));
  }

  /** True when the error says that this keeper has no such service. */
  #cannot(keeper: Keeper, error: unknown): boolean {
    if (FluxError.from(error).code !== "ENOSYS") return false;
    if (keeper.nodeid !== NODEID_ANY) this.#useless.add(keeper);
    return true;
  }
}

function batchOf(part: ReplayResponse, options: ReadOptions): EventBatch {
  const { epoch, through, frames, times = [], lost = [], unknown = false, next } = part;
  return relayedBatch({ epoch, through, frames, times, lost, unknown, following: next }, options);
}
