import { Flux, ResponseStream } from "../../src/client/index.ts";
import { EventHistory, EventIntake, EventRing } from "../../src/event-log/index.ts";
import { EventRepair } from "../../src/instance/event-repair.ts";
import { Overlay } from "../../src/overlay/index.ts";

/** Puts something else in the place of a method; the returned function puts it back. */
function replace<T extends object, K extends keyof T>(
  type: { readonly prototype: T },
  name: K,
  make: (method: T[K]) => T[K],
): () => void {
  const { prototype } = type;
  const method = prototype[name];
  prototype[name] = make(method);
  return () => {
    prototype[name] = method;
  };
}

/**
 * Ways to break what brings lost events back, one each: for a simulation that has to notice. Each function breaks it for all of this process, and returns what
 * mends it.
 */
export const SABOTAGE: Readonly<Record<string, () => () => void>> = {
  /** A repair drops the last event that it was given. */
  "repair drops an event": () =>
    replace(
      EventRepair,
      "ask",
      (ask) =>
        async function (this: EventRepair, range, signal) {
          const answer = await ask.call(this, range, signal);
          const last = answer.events.at(-1);
          if (last === undefined) return answer;
          return { events: answer.events.slice(0, -1), gone: [...answer.gone, [last.seq, last.seq]] };
        },
    ),

  /** Events behind a gap do not wait until it is closed. */
  "gaps are passed over": () =>
    replace(
      EventIntake,
      "receive",
      (receive) =>
        function (this: EventIntake, event) {
          const { epoch, seq } = this.position;
          if (event.seq > seq + 1) this.baseline({ epoch, seq: event.seq - 1 });
          receive.call(this, event);
        },
    ),

  /** What came before is passed on again. */
  "events are passed on twice": () =>
    replace(
      EventIntake,
      "receive",
      (receive) =>
        function (this: EventIntake, event) {
          const { epoch, seq } = this.position;
          if (event.seq <= seq) this.baseline({ epoch, seq: event.seq - 1 });
          receive.call(this, event);
        },
    ),

  /** Nobody asks for events that no later one tells of. */
  "the last events are not missed": () => replace(Overlay, "expectEvents", () => () => {}),

  /** Where older events of another rank end and those of this one begin, one is left out. */
  "an event is left out at the seam": () =>
    replace(
      EventRepair,
      "read",
      (read) =>
        async function (this: EventRepair, after, options) {
          const batch = await read.call(this, after, options);
          if (batch.ended || batch.count === 0) return batch;
          return { ...batch, next: { ...batch.next, seq: batch.next.seq + 1 } };
        },
    ),

  /** Guests get the private events of others. */
  "private events are not withheld": () =>
    replace(
      EventHistory,
      "read",
      (read) =>
        function (this: EventHistory, position, { see: _, ...options } = {}) {
          return read.call(this, position, options);
        },
    ),

  /** Events that are gone for good are passed over in silence. */
  "lost events are not told": () =>
    replace(
      EventRing,
      "read",
      (read) =>
        function (this: EventRing, after, options) {
          const batch = read.call(this, after, options);
          return batch && { ...batch, lost: [] };
        },
    ),

  /** Who comes again gets the last event again. */
  "a replay goes back one event": () => replace(Flux, "callStream", (call) => resumedAt(call, -1)),

  /** Who comes again misses an event. */
  "a replay skips one event": () => replace(Flux, "callStream", (call) => resumedAt(call, 1)),

  /** Streams that were left are not cancelled. */
  "readers stay": () =>
    replace(ResponseStream, "return", () => async () => ({ done: true as const, value: undefined })),
};

function resumedAt(call: Flux["callStream"], offset: number): Flux["callStream"] {
  return function (this: Flux, topic, payload, options) {
    const { since, follow } = (payload ?? {}) as {
      since?: { epoch?: number; seq?: number };
      follow?: boolean;
    };
    if (follow !== true || since?.epoch === undefined || (since.seq ?? 0) === 0)
      return call.call(this, topic, payload, options);
    return call.call(
      this,
      topic,
      { ...(payload as object), since: { ...since, seq: since.seq! + offset } },
      options,
    );
  };
}
