import type { Work } from "../work.ts";

/** What is measured: the bare relay, fluxbus, another Flux broker, or nats-server. */
export type SystemName = "relay" | "fluxbus" | "peer" | "nats";

/** Where the programs of a system meet. */
export interface Place {
  readonly system: SystemName;
  /** URI of a Flux broker, `host:port` of nats-server, or the folder of the relay's two sockets. */
  readonly at: string;
  /** Socket over which the subscribers tell the publisher how far they are. */
  readonly credit: string;
  readonly work: Work;
}

/** The client's side of a system: one connection that asks or publishes. */
export interface NearSide {
  /** Sends one request; resolves to the payload of its response. */
  request(): Promise<Uint8Array | undefined>;
  /** Sends one streaming request and reads its responses with `for await`; gives the payload of each to `take`. */
  stream(take: (payload: Uint8Array | undefined) => void): Promise<void>;
  /** Publishes one event; resolves when the system has confirmed it. */
  publish(): Promise<unknown>;
  /** Publishes one event that nobody confirms; a promise when the socket takes no more for now. */
  send(): Promise<void> | undefined;
  close(): Promise<void>;
}

/** What the other side does with what comes. */
export interface FarWork {
  /** A request came: the payload to answer it with. */
  answer(payload: Uint8Array | undefined): Uint8Array;
  /** An event came to one of the subscribers. */
  event(payload: Uint8Array | undefined): void;
}

/** The other side of a system: a service that answers, or the subscribers. */
export interface FarSide {
  close(): Promise<void>;
}

/** How the two programs of a system join it. */
export interface System {
  openNear(place: Place): Promise<NearSide>;
  openFar(place: Place, work: FarWork): Promise<FarSide>;
}

/** The system's half of a program; loaded by name, so that no program carries another system's code. */
export async function loadSystem(name: SystemName): Promise<System> {
  switch (name) {
    case "relay":
      return (await import("./relay.ts")).relaySystem;
    case "nats":
      return (await import("./nats.ts")).natsSystem;
    case "fluxbus":
    case "peer":
      return (await import("./fluxbus.ts")).fluxbusSystem;
  }
}
