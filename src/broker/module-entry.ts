import type { FluxError } from "../base/index.ts";
import type { Message } from "../message/index.ts";
import { DebugFlags, MessageCounters } from "../methods/index.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { ModuleLink } from "./module-link.ts";
import type { ModuleRun } from "./module-loader.ts";
import type { ModuleTap } from "./module-trace.ts";

/** States of a module, as they travel on the wire. Source: RFC 5. */
export const ModuleStatus = Object.freeze({ INIT: 0, RUNNING: 1, FINALIZING: 2, EXITED: 3 });

/** A line of module.list. */
export interface ModuleInfo {
  readonly name: string;
  /** Where it was loaded from; `builtin` for the broker's own. */
  readonly path: string;
  /** Seconds since its last message. */
  readonly idle: number;
  /** One of ModuleStatus. */
  readonly status: number;
  readonly services: readonly string[];
  /** Messages held back from it, and those it has sent that wait to be read: none ever. */
  readonly sendqueue: number;
  readonly recvqueue: number;
}

/** A module that is part of the broker: it is always there, and answers in the broker's own time. */
export class BuiltinModule {
  readonly name: string;
  readonly counters = new MessageCounters();
  readonly debug = new DebugFlags();
  /** Sees its messages; undefined while nobody traces. */
  tap: ModuleTap | undefined;
  #lastSeen = performance.now();

  constructor(name: string) {
    this.name = name;
  }

  /** It gets a request. */
  received(request: Message): void {
    this.counters.rx.request++;
    this.tap?.("rx", this.name, request);
  }

  /** It answers. */
  sent(response: Message): void {
    this.counters.tx.response++;
    this.#lastSeen = performance.now();
    this.tap?.("tx", this.name, response);
  }

  get info(): ModuleInfo {
    return {
      name: this.name,
      path: "builtin",
      // All clients speak through the connector: whoever asks has just done so.
      idle: this.name === "connector-local" ? 0 : secondsSince(this.#lastSeen),
      status: ModuleStatus.RUNNING,
      services: [this.name],
      sendqueue: 0,
      recvqueue: 0,
    };
  }
}

/** A module that was loaded, from its start to its end. */
export class LoadedModule {
  readonly name: string;
  readonly path: string;
  readonly client: ClientConnection;
  readonly link: ModuleLink;
  readonly run: ModuleRun;
  /** Resolves when it is running; rejects with its error when it ends before. */
  readonly running: Promise<void>;
  /** Resolves when it has exited. */
  readonly exited: Promise<void>;
  /** True once somebody asked for its end. */
  unloading = false;
  /** True once it was running: who loaded it has been answered. */
  hasRun = false;
  #status: number = ModuleStatus.INIT;
  #setRunning!: () => void;
  #setFailed!: (error: FluxError) => void;
  #setExited!: () => void;

  constructor(name: string, path: string, client: ClientConnection, link: ModuleLink, run: ModuleRun) {
    this.name = name;
    this.path = path;
    this.client = client;
    this.link = link;
    this.run = run;
    this.running = new Promise((resolve, reject) => {
      this.#setRunning = resolve;
      this.#setFailed = reject;
    });
    this.exited = new Promise((resolve) => {
      this.#setExited = resolve;
    });
  }

  get uuid(): string {
    return this.client.uuid;
  }

  get status(): number {
    return this.#status;
  }

  /** It says that it runs, or finalizes. What would lead backwards counts for nothing. */
  advance(status: number): void {
    if (status <= this.#status || status > ModuleStatus.FINALIZING) return;
    this.#status = status;
    if (status !== ModuleStatus.RUNNING) return;
    this.hasRun = true;
    this.#setRunning();
  }

  /** It is over: who waits for it to run hears `error`, or that it has run. */
  exit(error: FluxError | undefined): void {
    this.#status = ModuleStatus.EXITED;
    if (error === undefined) this.#setRunning();
    else this.#setFailed(error);
    this.#setExited();
  }

  info(services: readonly string[]): ModuleInfo {
    return {
      name: this.name,
      path: this.path,
      idle: secondsSince(this.link.lastSeen),
      status: this.#status,
      services,
      sendqueue: this.link.heldCount,
      recvqueue: 0,
    };
  }
}

function secondsSince(ms: number): number {
  return Math.floor((performance.now() - ms) / 1000);
}
