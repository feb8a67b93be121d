import { Event, type Flux, type LostEvents, readReplay } from "../client/index.ts";
import type { JsonObject } from "../json/index.ts";

/** An event with the time it was taken in, in milliseconds since 1970, or events that are lost in this place. */
export type KeptEvent =
  | { readonly event: Event; readonly time: number; readonly lost?: undefined }
  | { readonly lost: LostEvents };

/** What a replay that does not follow gives, in order. `request` is that of `event.replay` without its encoding. */
export async function* keptEvents(flux: Flux, topic: string, request: JsonObject): AsyncGenerator<KeptEvent> {
  for await (const { payload } of flux.callStream(topic, { ...request, encoding: "frames", times: true })) {
    const { epoch, through, events, times = [], lost = [], unknown } = readReplay(payload);
    let index = 0;
    for (const [first, last] of lost) {
      for (; index < events.length && events[index]!.seq < first; index++)
        yield { event: new Event(events[index]!, epoch), time: times[index]! };
      yield { lost: { epoch, first, last } };
    }
    for (; index < events.length; index++)
      yield { event: new Event(events[index]!, epoch), time: times[index]! };
    if (unknown === true) yield { lost: { epoch, first: through + 1, last: undefined } };
  }
}
