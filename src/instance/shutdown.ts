import { FluxError } from "../base/index.ts";
import { type Methods, parseLogRecord, type Request, severityOf } from "../client/index.ts";
import type { StateMachine } from "./state-machine.ts";

/** Severity a client of shutdown.start is shown without naming one: err. */
const LOG_LEVEL = 3;
/**
 * Time between the last response to the client and the end of its connection, in milliseconds: flux-relay(1) loses what it has read and not yet
 * passed on when both come at once.
 */
const RELAY_MS = 50;

export interface ShutdownOptions {
  readonly machine: StateMachine;
  readonly rank: number;
  /** Begins the shutdown: ends the initial program, or leaves `run`. */
  readonly begin: () => void;
  /** Calls `take` with the text of each record of the log until the returned function is called. */
  readonly followLog: (take: (text: string) => void) => () => void;
}

/**
 * The way out of an instance: `shutdown.start` begins it, shows its one client the log meanwhile, and lets rank 0 go from `goodbye` when
 * that client has all. Source: flux-shutdown(1).
 */
export class Shutdown {
  readonly #options: ShutdownOptions;
  #client: Request | undefined;
  #unfollow: (() => void) | undefined;

  constructor(options: ShutdownOptions) {
    this.#options = options;
    options.machine.watch((state) => {
      if (state === "goodbye" && options.rank === 0) this.#goodbye();
    });
  }

  methods(): Methods {
    return { start: { later: true, request: (request) => this.#start(request) } };
  }

  #start(request: Request): void {
    const { machine, rank, begin } = this.#options;
    if (this.#client !== undefined) throw new FluxError("EINVAL", "shutdown is already in progress");
    if (machine.state !== "run")
      throw new FluxError("EINVAL", `shutdown cannot be initiated in state ${machine.state}`);
    if (rank !== 0) throw new FluxError("EINVAL", "shutdown may only be initiated on rank 0");
    if (!request.streaming) {
      request.respond();
      begin();
      return;
    }
    this.#client = request;
    this.#follow(request);
    begin();
  }

  #follow(request: Request): void {
    const level = loglevelOf(request);
    this.#unfollow = this.#options.followLog((text) => {
      const record = parseLogRecord(text);
      if (record === undefined || severityOf(record.level) > level) return;
      const { appname, rank, message } = record;
      request.respond({ log: `${appname}.${record.level}[${rank}]: ${message}\n` });
    });
    request.signal.addEventListener("abort", () => this.#leave(), { once: true });
  }

  #leave(): void {
    this.#unfollow?.();
    this.#unfollow = undefined;
    this.#client = undefined;
  }

  #goodbye(): void {
    const client = this.#client;
    const post = (): void => this.#options.machine.post("goodbye");
    client?.respondError("ENODATA");
    this.#leave();
    if (client === undefined) post();
    else setTimeout(post, RELAY_MS);
  }
}

function loglevelOf(request: Request): number {
  try {
    return request.unpack("{s:i}", "loglevel")[0];
  } catch {
    return LOG_LEVEL;
  }
}
