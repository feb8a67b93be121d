import { FluxError } from "../base/index.ts";
import type { InProcessLink, InProcessServer } from "./in-process-ends.ts";

/** Deliveries of one turn of the event loop, before timers and sockets get theirs. */
const TURN_MESSAGES = 512;

/**
 * Brokers of one process that reach each other by names: those of one network. It carries their messages in the order they were sent, never from
 * within `send`: in the same turn of the event loop up to a bound, then in the next.
 */
export class InProcessNetwork {
  readonly #servers = new Map<string, InProcessServer>();
  /** Links by the URI they want. */
  readonly #links = new Map<string, Set<InProcessLink>>();
  #deliveries: (() => void)[] = [];
  #scheduled = false;
  readonly #run = (): void => {
    const turn = this.#deliveries.length > TURN_MESSAGES ? this.#deliveries.splice(0, TURN_MESSAGES) : undefined;
    this.#scheduled = false;
  };

  bind(server: InProcessServer): void {
    const taken = server.endpoints.find((uri) => this.#servers.has(uri));
    if (taken !== undefined) throw new FluxError("EADDRINUSE", `${taken}: Address already in use`);
  }
}
