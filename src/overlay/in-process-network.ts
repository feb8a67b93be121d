import { FluxError } from "../base/index.ts";
import type { InProcessLink } from "./in-process-link.ts";
import type { InProcessServer } from "./in-process-server.ts";

/** Deliveries of one turn of the event loop, before timers and sockets get theirs. */
const TURN_MESSAGES = 512;

/**
 * Brokers of one process that reach each other by names: those of one network.
 *
 * It carries their messages in the order they were sent, never from within `send`: in the same turn of the event loop up to a bound, then in
 * the next.
 */
export class InProcessNetwork {
  readonly #servers = new Map<string, InProcessServer>();
  /** Links that want a URI, connected or not. */
  readonly #links = new Map<string, Set<InProcessLink>>();
  #tasks: (() => void)[] = [];
  #next = 0;
  #scheduled = false;
  #left = TURN_MESSAGES;
  readonly #run = (): void => {
    // What is added meanwhile needs no run of its own.
    this.#scheduled = true;
    if (this.#left === TURN_MESSAGES) setImmediate(this.#turn);
    try {
      while (this.#next < this.#tasks.length && this.#left > 0) {
        this.#left--;
        this.#tasks[this.#next++]!();
      }
    } finally {
      this.#scheduled = false;
      if (this.#next === this.#tasks.length) {
        this.#tasks = [];
        this.#next = 0;
      } else if (this.#left > 0) this.#schedule();
    }
  };
  /** Runs what the turn before left over. */
  readonly #turn = (): void => {
    this.#left = TURN_MESSAGES;
    if (this.#next === this.#tasks.length) return;
    if (this.#next * 2 > this.#tasks.length) {
      this.#tasks = this.#tasks.slice(this.#next);
      this.#next = 0;
    }
    this.#run();
  };

  /** Runs `task` soon, after all that were given before. */
  later(task: () => void): void {
    this.#tasks.push(task);
    this.#schedule();
  }

  /** @throws FluxError EADDRINUSE when one of its URIs is taken. */
  bind(server: InProcessServer): void {
    const taken = server.endpoints.find((uri) => this.#servers.has(uri));
    if (taken !== undefined) throw new FluxError("EADDRINUSE", `${taken}: Address already in use`);
    for (const uri of server.endpoints) this.#servers.set(uri, server);
    // Not before the caller had its chance to authorize those that wait.
    setImmediate(() => {
      for (const uri of server.endpoints) for (const link of this.#links.get(uri) ?? []) this.#meet(link);
    });
  }

  unbind(server: InProcessServer): void {
    for (const uri of server.endpoints) if (this.#servers.get(uri) === server) this.#servers.delete(uri);
  }

  connect(link: InProcessLink): void {
    const links = this.#links.get(link.uri);
    if (links === undefined) this.#links.set(link.uri, new Set([link]));
    else links.add(link);
    this.#meet(link);
  }

  disconnect(link: InProcessLink): void {
    const links = this.#links.get(link.uri);
    links?.delete(link);
    if (links?.size === 0) this.#links.delete(link.uri);
  }

  #meet(link: InProcessLink): void {
    this.later(() => {
      const server = this.#servers.get(link.uri);
      if (server !== undefined && link.isWaiting && server.admit(link)) link.attach(server);
    });
  }

  #schedule(): void {
    if (this.#scheduled || this.#left === 0) return;
    this.#scheduled = true;
    queueMicrotask(this.#run);
  }
}
