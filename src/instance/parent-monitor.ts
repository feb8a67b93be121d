import { FluxError } from "../base/index.ts";
import type { Flux, LogLevel } from "../client/index.ts";
import { stateNumber } from "./broker-state.ts";

/** The last state of the parent that matters below it. */
const FINAL = stateNumber("shutdown");

/** What a broker knows of its parent's life, and leads its own by. Source: state_machine.c in flux-core. */
export class ParentMonitor {
  /** Number of the parent's state; undefined before it is known. */
  state: number | undefined;
  /** True when the parent can't be asked. */
  failed = false;
  readonly #changed: () => void;
  readonly #log: (level: LogLevel, text: string) => void;
  #left = false;

  /** `changed` is called when `state` or `failed` changes. */
  constructor(changed: () => void, log: (level: LogLevel, text: string) => void) {
    this.#changed = changed;
    this.#log = log;
  }

  /** The broker ends: what becomes of the parent is nothing to it any more. */
  leave(): void {
    this.#left = true;
  }

  /** Follows the parent until it shuts down; resolves then, or when it can't be asked any more. */
  async follow(flux: Flux): Promise<void> {
    try {
      const request = { final: FINAL };
      for await (const { state } of flux.stream("state-machine.monitor", request, { upstream: true })) {
        this.state = Number(state);
        this.#changed();
      }
    } catch (error) {
      if (this.#left) return;
      this.#log("err", `state-machine.monitor: ${FluxError.from(error).message}`);
      this.failed = true;
      this.#changed();
    }
  }
}

const INIT = stateNumber("init");
const QUORUM = stateNumber("quorum");
const RUN = stateNumber("run");
const SHUTDOWN = stateNumber("shutdown");

/** The event that the state of the parent makes of a broker's own state; undefined for none. A pure function. */
export function parentEvent(
  own: string,
  { state, failed }: Pick<ParentMonitor, "state" | "failed">,
): string | undefined {
  const lost = failed || (state !== undefined && state > RUN);
  switch (own) {
    case "join":
      if (lost) return "parent-fail";
      return state === QUORUM || state === RUN ? "parent-ready" : undefined;
    case "quorum":
      if (lost) return "quorum-fail";
      return state === INIT || state === RUN ? "quorum-full" : undefined;
    case "run":
      if (failed || (state !== undefined && state > SHUTDOWN)) return "parent-fail";
      return state === SHUTDOWN ? "shutdown" : undefined;
    default:
      return undefined;
  }
}
