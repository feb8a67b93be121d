import { encodeHostlist, encodeIdset, FluxError } from "../base/index.ts";
import type { AttributeTable } from "../broker/index.ts";
import type { LogLevel } from "../client/index.ts";
import type { BrokerState } from "./broker-state.ts";
import type { BuiltinModules } from "./builtin-modules.ts";
import type { LifecycleSettings } from "./lifecycle-settings.ts";
import { ParentMonitor, parentEvent } from "./parent-monitor.ts";
import { type OnlineView, Quorum } from "./quorum.ts";
import type { Runat } from "./runat.ts";
import { StateMachine } from "./state-machine.ts";

/** Longest wait for the parent's word in `goodbye`, in milliseconds. */
const GOODBYE_MS = 60_000;

export interface LifecycleOptions {
  readonly rank: number;
  readonly attributes: AttributeTable;
  readonly runat: Runat;
  readonly builtins: Pick<BuiltinModules, "load" | "unload" | "loaded">;
  readonly settings: LifecycleSettings;
  readonly online: OnlineView;
  /** Makes this rank one of those that are online. */
  readonly join: () => void;
  /** Takes the parent's configuration; for ranks above 0. */
  readonly syncConfig: () => Promise<void>;
  /** Ranks of the children that are online. */
  readonly children: () => readonly number[];
  /** Hears of each state that is entered, before anything is done in it. */
  readonly entered: (state: BrokerState) => void;
  readonly log: (level: LogLevel, text: string) => void;
}

/**
 * What a broker does in each state of its life, and what comes of it: its built-in modules are loaded, rc1 in `init`, the initial program in `run`,
 * cleanup commands, rc3, the modules are unloaded. It keeps the exit status. Ranks above 0 go where their parent has gone.
 * Source: flux-broker(1); state_machine.c in flux-core.
 */
export class Lifecycle {
  readonly machine: StateMachine;
  /** The life of the parent, to be followed once there is a way to it. */
  readonly parent: ParentMonitor;
  /** Exit status of the broker, as far as it is known. */
  exitStatus = 0;
  /** Resolves in the state `exit`, to the exit status. */
  readonly exit: Promise<number>;
  /** Resolves when the built-in modules are loaded; rejects with the error of one that can't be: then the broker ends. */
  readonly loaded: Promise<void>;
  readonly #options: LifecycleOptions;
  readonly #quorum: Quorum;
  #resolveExit!: (status: number) => void;
  #resolveLoaded!: (failed?: Promise<never>) => void;
  /** A signal ends the broker: the cleanup commands have limited time. */
  #expedite = false;
  /** Timers of the state. */
  #timers: NodeJS.Timeout[] = [];

  constructor(options: LifecycleOptions) {
    this.#options = options;
    const { log, settings, online } = options;
    this.exit = new Promise((resolve) => {
      this.#resolveExit = resolve;
    });
    this.loaded = new Promise<void>((resolve) => {
      this.#resolveLoaded = resolve;
    });
    this.loaded.catch(() => {});
    this.machine = new StateMachine({ enter: (state) => this.#enter(state), log });
    this.parent = new ParentMonitor(() => this.#checkParent(), log);
    this.#quorum = new Quorum({
      ...online,
      quorum: settings.quorum,
      warnMs: settings.quorumWarnMs,
      state: () => this.machine.state,
      reached: () => this.machine.post("quorum-full"),
      log,
    });
  }

  /** The set of ranks that are online has changed. It matters at rank 0, which knows of all of them. */
  onlineChanged(): void {
    if (this.#options.rank === 0) this.#quorum.update();
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
    this.#exitWith(1);
    const { state } = this.machine;
    const phase = state === "init" || state === "run" ? PHASE_OF[state]! : undefined;
    if (phase !== undefined && runat.isDefined(phase)) runat.abort(phase);
    else this.machine.post("panic");
  }

  /** Ends at once, as the end of its process would: no state is entered any more, what runs is hung up on. */
  abandon(status: number): void {
    const phase = PHASE_OF[this.machine.state];
    this.machine.halt();
    this.#quorum.stop();
    for (const timer of this.#timers) clearTimeout(timer);
    if (phase !== undefined && this.#options.runat.isDefined(phase)) this.#options.runat.abort(phase);
    this.#end(status);
  }

  /** The broker's exit status is one of failure from now on. */
  fail(): void {
    this.exitStatus = 1;
  }

  #exitWith(status: number): void {
    this.exitStatus = this.#options.settings.exitNorestart ?? status;
  }

  #enter(state: BrokerState): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers = [];
    this.#options.entered(state);
    this.#actions[state]();
  }

  /** What is done on entering each state. */
  readonly #actions: Readonly<Record<BrokerState, () => void>> = {
    "load-builtins": () => void this.#loadBuiltins(),
    join: () => this.#lead("parent-none"),
    "config-sync": () => this.#syncConfig(),
    init: () => this.#run("rc1"),
    quorum: () => this.#gather(),
    run: () => this.#runProgram(),
    cleanup: () => this.#cleanup(),
    shutdown: () => this.#awaitChildren(),
    finalize: () => this.#run("rc3"),
    goodbye: () => this.#sayGoodbye(),
    "unload-builtins": () => void this.#unloadBuiltins(),
    exit: () => this.#end(this.exitStatus),
  };

  async #loadBuiltins(): Promise<void> {
    const { builtins, log } = this.#options;
    try {
      await builtins.load();
    } catch (error) {
      this.#resolveLoaded(Promise.reject(error));
      log("err", `error loading builtins: ${builtins.loaded.at(-1)}: ${FluxError.from(error).message}`);
      this.#exitWith(1);
      this.machine.post("builtins-fail");
      return;
    }
    this.machine.post("builtins-success");
    this.#resolveLoaded();
  }

  async #unloadBuiltins(): Promise<void> {
    const { builtins, settings, log } = this.#options;
    const ms = settings.unloadTimeoutMs;
    if (ms !== undefined)
      this.#after(ms, () => {
        const late = `timed out after ${(ms / 1000).toFixed(1)}s: ${builtins.loaded.join(" ")}`;
        log("err", `unloading built-in broker module ${late}`);
        this.machine.post("builtins-unload-fail");
      });
    try {
      await builtins.unload();
      this.machine.post("builtins-done");
    } catch (error) {
      log("err", `unload builtins: ${FluxError.from(error).message}`);
      this.machine.post("builtins-unload-fail");
    }
  }

  /** Rank 0 posts the event; the others look at their parent. */
  #lead(event: string): void {
    if (this.#options.rank === 0) this.machine.post(event);
    else this.#checkParent();
  }

  #checkParent(): void {
    const event = parentEvent(this.machine.state, this.parent);
    if (event !== undefined) this.machine.post(event);
  }

  #syncConfig(): void {
    const { rank, syncConfig, log } = this.#options;
    if (rank === 0) {
      this.machine.post("sync-none");
      return;
    }
    syncConfig().then(
      () => this.machine.post("sync-success"),
      (error: unknown) => {
        log("err", `config.get: ${FluxError.from(error).message}`);
        this.machine.post("sync-fail");
      },
    );
  }

  #gather(): void {
    const { rank, join } = this.#options;
    join();
    if (rank === 0) this.#quorum.start();
    else this.#checkParent();
  }

  #runProgram(): void {
    this.#quorum.stop();
    if (this.#options.runat.isDefined("rc2")) this.#run("rc2");
    else this.#lead("rc2-none");
  }

  #cleanup(): void {
    const { runat, settings } = this.#options;
    if (this.#expedite && settings.cleanupTimeoutMs !== undefined && runat.isDefined("cleanup")) {
      this.#after(settings.cleanupTimeoutMs, () => runat.abort("cleanup"));
    }
    this.#run("cleanup");
  }

  /** The tree posts the event, once no child is online. */
  #awaitChildren(): void {
    const { rank, settings, log } = this.#options;
    this.#quorum.stop();
    if (settings.shutdownWarnMs !== undefined)
      this.#after(settings.shutdownWarnMs, () => this.#warnChildren());
    if (rank === 0 && settings.shutdownTimeoutMs !== undefined) {
      this.#after(settings.shutdownTimeoutMs, () => {
        log("err", "shutdown timeout");
        this.machine.post("children-complete");
      });
    }
  }

  #warnChildren(): void {
    const { children, online, settings, log } = this.#options;
    const ranks = children();
    const hosts = encodeHostlist(ranks.map((rank) => online.hosts()[rank] ?? "?"));
    log("err", `shutdown delayed: waiting for ${ranks.length} peers: ${hosts} (rank ${encodeIdset(ranks)})`);
    this.#after(settings.shutdownWarnMs!, () => this.#warnChildren());
  }

  /** The event is posted by Shutdown at rank 0, when its client has the last of the log, else by the tree, when the parent has answered. */
  #sayGoodbye(): void {
    this.#after(GOODBYE_MS, () => {
      this.#options.log("err", `goodbye timeout after ${(GOODBYE_MS / 1000).toFixed(1)}s`);
      this.machine.post("goodbye");
    });
  }

  #end(status: number): void {
    this.parent.leave();
    this.#resolveExit(status);
  }

  /** Does something unless the state is left before. */
  #after(ms: number, act: () => void): void {
    this.#timers.push(setTimeout(act, ms));
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
      this.#exitWith(status);
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
