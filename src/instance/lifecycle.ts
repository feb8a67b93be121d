import type { AttributeTable } from "../broker/index.ts";
import type { LogLevel } from "../client/index.ts";
import type { BrokerState } from "./broker-state.ts";
import type { LifecycleSettings } from "./lifecycle-settings.ts";
import type { Runat } from "./runat.ts";
import { StateMachine } from "./state-machine.ts";

export interface LifecycleOptions {
  readonly attributes: AttributeTable;
  readonly runat: Runat;
  readonly settings: LifecycleSettings;
  readonly log: (level: LogLevel, text: string) => void;
}

/**
 * What a broker does in each state of its life, and what comes of it: rc1 in `init`, the initial program in `run`, cleanup commands, rc3. It
 * keeps the exit status. Source: flux-broker(1); state_machine.c in flux-core.
 */
export class Lifecycle {
  readonly machine: StateMachine;
  /** Exit status of the broker, as far as it is known. */
  exitStatus = 0;
  /** Resolves in the state `exit`, to the exit status. */
  readonly exit: Promise<number>;
  readonly #options: LifecycleOptions;
  #resolveExit!: (status: number) => void;
  /** A signal ends the broker: the cleanup commands have limited time. */
  #expedite = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LifecycleOptions) {
    this.#options = options;
    this.exit = new Promise((resolve) => {
      this.#resolveExit = resolve;
    });
    this.machine = new StateMachine({ enter: (state) => this.#enter(state), log: options.log });
  }

  /** A signal to the broker: ends what runs, or leaves the state in good order. */
  kill(signal: NodeJS.Signals): void {
    this.#expedite = true;
    const event = ON_SIGNAL[this.machine.state];
    const phase = PHASE_OF[this.machine.state];
    if (phase !== undefined && this.#options.runat.isDefined(phase)) this.#options.runat.abort(phase);
    else if (event !== undefined) this.machine.post(event);
    else this.#options.log("info", `ignored signal ${signal} in ${this.machine.state}`);
  }

  /** Leaves `run` as flux-shutdown(1) asks. */
  shutdown(): void {
    const { settings, runat } = this.#options;
    if (settings.exitNorestart !== undefined) this.exitStatus = settings.exitNorestart;
    if (runat.isDefined("rc2")) runat.abort("rc2");
    else this.machine.post("shutdown");
  }

  /** Something the instance can't go on without is gone: the broker exits with an error. */
  panic(): void {
    const { runat } = this.#options;
    this.fail();
    const { state } = this.machine;
    const phase = state === "init" || state === "run" ? PHASE_OF[state]! : undefined;
    if (phase !== undefined && runat.isDefined(phase)) runat.abort(phase);
    else this.machine.post("panic");
  }

  /** The broker's exit status is one of failure from now on. */
  fail(): void {
    this.exitStatus = this.#options.settings.exitNorestart ?? 1;
  }

  #enter(state: BrokerState): void {
    clearTimeout(this.#timer);
    this.#actions[state]();
  }

  /** What is done on entering each state. */
  readonly #actions: Readonly<Record<BrokerState, () => void>> = {
    "load-builtins": () => this.machine.post("builtins-success"),
    join: () => this.machine.post("parent-none"),
    "config-sync": () => this.machine.post("sync-none"),
    init: () => this.#run("rc1"),
    quorum: () => this.#quorum(),
    run: () => this.#run("rc2"),
    cleanup: () => this.#cleanup(),
    shutdown: () => this.machine.post("children-none"),
    finalize: () => this.#run("rc3"),
    goodbye: () => {}, // Shutdown posts the event, when its client has the last of the log
    "unload-builtins": () => this.machine.post("builtins-done"),
    exit: () => this.#resolveExit(this.exitStatus),
  };

  #cleanup(): void {
    const { runat, settings } = this.#options;
    if (this.#expedite && settings.cleanupTimeoutMs !== undefined && runat.isDefined("cleanup")) {
      this.#timer = setTimeout(() => runat.abort("cleanup"), settings.cleanupTimeoutMs);
    }
    this.#run("cleanup");
  }

  #quorum(): void {
    const { attributes, log } = this.#options;
    log("info", `online: ${attributes.get("hostlist")} (ranks 0)`);
    this.machine.post("quorum-full");
  }

  /** Runs a phase and posts what became of it. */
  #run(phase: string): void {
    if (!this.#options.runat.isDefined(phase)) {
      this.machine.post(`${phase}-none`);
      return;
    }
    void this.#options.runat.run(phase).then((status) => this.machine.post(this.#outcome(phase, status)));
  }

  #outcome(phase: string, status: number): string {
    if (status === 0) return `${phase}-success`;
    if (phase === "rc1") {
      if (this.#options.attributes.has("broker.recovery-mode")) return "rc1-ignorefail";
      this.exitStatus = this.#options.settings.exitNorestart ?? status;
    } else if (this.exitStatus === 0) this.exitStatus = status;
    return `${phase}-fail`;
  }
}

/** The commands that run in a state. */
const PHASE_OF: Partial<Record<BrokerState, string>> = {
  init: "rc1",
  run: "rc2",
  cleanup: "cleanup",
  finalize: "rc3",
};

/** What a signal does in a state without commands. */
const ON_SIGNAL: Partial<Record<BrokerState, string>> = {
  join: "parent-fail",
  "config-sync": "sync-fail",
  quorum: "quorum-fail",
  run: "shutdown",
};
