/** What a scenario does, the same on every system. */
export interface Work {
  /** A request and its response, a request and a stream of responses, a confirmed publication, or one that nobody confirms. */
  readonly kind: "request" | "stream" | "publish" | "fan-out";
  /** Size of each payload, in bytes: of request, response and event. */
  readonly bytes: number;
  /** Workers of the client; each awaits what it asked for before it asks again. */
  readonly inFlight: number;
  /** Responses to each streaming request. */
  readonly responses: number;
  /** Connections that subscribe to what is published, all in one process. */
  readonly subscribers: number;
  /** Prefixes besides, to which another connection subscribes and which nothing matches. */
  readonly otherPrefixes: number;
}

/** Service and method, and the topic of the events. */
export const SERVICE = "bench";
export const EVENT = "bench.event";

/** True when the other side subscribes to events instead of serving requests. */
export function isEvents({ kind }: Work): boolean {
  return kind === "publish" || kind === "fan-out";
}

/** The payload of a scenario: bytes of all values. */
export function payloadOf(work: Work): Uint8Array {
  return Uint8Array.from({ length: work.bytes }, (_, index) => (index * 7 + 1) & 0xff);
}

/** Throws unless `got` is a payload of the scenario: every one is checked for its length, one in 1024 to the last byte. */
export class PayloadCheck {
  /** Payloads that were seen. */
  seen = 0;
  readonly #wanted: Uint8Array;

  constructor(work: Work) {
    this.#wanted = payloadOf(work);
  }

  take(got: Uint8Array | undefined): void {
    const wanted = this.#wanted;
    if (got === undefined || got.length !== wanted.length) {
      throw new Error(`payload of ${got?.length ?? "no"} bytes came where ${wanted.length} were sent`);
    }
    if ((this.seen++ & 1023) === 0 && Buffer.compare(got, wanted) !== 0) {
      throw new Error("payload came back with other bytes");
    }
  }
}

/** Events that may be on their way at once: enough to keep all busy, and never more than a subscriber's queue holds. */
export function undeliveredLimit(work: Work): number {
  return Math.max(work.inFlight, Math.min(8 * work.inFlight, Math.floor((8 * 1024 * 1024) / work.bytes)));
}
