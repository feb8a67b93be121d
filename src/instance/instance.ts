import { constants, hostname } from "node:os";
import { decodeHostlist, FluxError, Scope } from "../base/index.ts";
import { AttributeTable, Broker, type BrokerOptions, type ModuleLoader } from "../broker/index.ts";
import type { Log, LogLevel } from "../client/index.ts";
import { applyTbonTable, ConfigStore, configMethods } from "../config/index.ts";
import type { Environment } from "../connect/index.ts";
import type { JsonObject } from "../json/index.ts";
import { type Overlay, ZeroMqTransport } from "../overlay/index.ts";
import { readEventLogSettings } from "../replay/index.ts";
import { keepInheritedDescriptors, loadLate, logToStderr, reserveDescriptors } from "../system/index.ts";
import { type Boot, type BootProvider, bootstrap } from "./bootstrap.ts";
import type { BrokerState } from "./broker-state.ts";
import { BuiltinModules } from "./builtin-modules.ts";
import { followConfig } from "./config-follower.ts";
import { Lifecycle } from "./lifecycle.ts";
import { readLifecycleSettings } from "./lifecycle-settings.ts";
import { openEventLog } from "./open-event-log.ts";
import { findParent } from "./parent.ts";
import { notifyParent } from "./parent-notice.ts";
import { commandVariables, pushPhases } from "./phases.ts";
import { definePlace, socketPathOf } from "./place.ts";
import { RexecService } from "./rexec-service.ts";
import { Runat } from "./runat.ts";
import { Rundir } from "./rundir.ts";
import { Shutdown } from "./shutdown.ts";
import { setStartAttributes } from "./start-attributes.ts";
import { stateMachineMethods } from "./state-machine-service.ts";
import { openTree, planTree } from "./tree.ts";

/** Options of an instance: those of its broker, whose socket lies in the run directory, and what it is there for. */
export interface InstanceOptions
  extends Omit<
    BrokerOptions,
    "config" | "onSetAttribute" | "onLog" | "onModulePanic" | "logLevel" | "logRingSize" | "socketPath"
  > {
  /** Absolute path of the socket; default that of the attribute `local-uri`, or `local-0` in the run directory. */
  readonly socketPath?: string | undefined;
  /**
   * Attributes set at start, as flux-broker(1) takes them with -S: `rundir`, `local-uri`, `broker.rc1_path`, `broker.rc3_path`, the log's, and
   * so on. A table given is used, not copied.
   */
  readonly attributes?: Readonly<Record<string, string>> | AttributeTable | undefined;
  /** The configuration, as openConfig gives it; default empty. What `config.load` changes is changed in it. */
  readonly config?: ConfigStore | undefined;
  /** The environment of its commands, and where FLUX_URI of the instance around this one is looked up; default `process.env`. */
  readonly env?: Environment | undefined;
  /** Takes each line of the log that `log-stderr-level` lets through; default stderr. */
  readonly printLog?: ((line: string) => void) | undefined;
  /** Words of the initial program, which the instance ends with: none is the user's shell. Default: it runs until it is stopped. */
  readonly program?: readonly string[] | undefined;
  /**
   * How its broker learns its place: `"environment"` as flux-broker does, from PMI, or who tells it; default alone, inside the instance that FLUX_URI
   * leads to.
   */
  readonly boot?: "environment" | BootProvider | undefined;
  /** Makes a state directory when the attribute `statedir` names none. Default false. */
  readonly makeStatedir?: boolean | undefined;
  /** What `bin/flux` in the run directory leads to; default: there is no such link. */
  readonly fluxCommand?: string | undefined;
}

/** The group of ranks that are up. */
const ONLINE = "broker.online";

/** Exit status of what SIGKILL has ended. */
const KILLED = 128 + constants.signals.SIGKILL;

/** Signals that are meant for the jobs, if there are any. */
const FOR_JOBS: ReadonlySet<NodeJS.Signals> = new Set(["SIGUSR1", "SIGUSR2"]);

/**
 * A broker of a Flux instance with its life, its directories, and its place: in the tree of its instance, and below the instance it was started in.
 *
 * Owner: who started it. Ends with `stop`, or by itself when its initial program ends or somebody shuts it down: rc3 runs, the broker
 * stops, and directories that were made for it are removed. `exit` tells.
 */
export class Instance implements AsyncDisposable {
  readonly broker: Broker;
  readonly rundir: Rundir;
  /** What clients connect to. */
  readonly uri: string;
  /** Resolves when it has ended and nothing of it is left, to its exit status. */
  readonly exit: Promise<number>;
  /** Resolves when it takes clients; rejects when a part of it can't be loaded: then it ends, and `exit` tells with which status. */
  readonly loaded: Promise<void>;
  readonly #lifecycle: Lifecycle;
  readonly #builtins: BuiltinModules;

  private constructor(
    broker: Broker,
    rundir: Rundir,
    lifecycle: Lifecycle,
    builtins: BuiltinModules,
    scope: Scope,
  ) {
    this.broker = broker;
    this.rundir = rundir;
    this.uri = broker.uri!;
    this.#lifecycle = lifecycle;
    this.#builtins = builtins;
    this.loaded = lifecycle.loaded;
    this.exit = lifecycle.exit.then(async (status) => {
      // Whoever loads a module unloads it: what is left over is a failure, which the broker logs.
      const leftover = broker.loadedModules.length + this.overdue.length > 0 ? 1 : 0;
      for (const name of this.overdue)
        broker.log("err", `broker module '${name}' was not properly shut down`);
      await scope.close();
      return status === 0 ? leftover : status;
    });
  }

  /**
   * Starts an instance. When the promise resolves it takes clients and its life has begun; without rc1 it is in the state `run`.
   * @throws FluxError as `launch` does, and as Broker.listen does for the socket.
   */
  static async start(options: InstanceOptions = {}): Promise<Instance> {
    const instance = await Instance.launch(options);
    try {
      await instance.loaded;
    } catch (error) {
      await instance.exit;
      throw error;
    }
    return instance;
  }

  /**
   * Makes an instance and begins its life, in the state `load-builtins`: see `loaded`, and `exit`.
   * @throws FluxError EINVAL for attributes, as Rundir.open does for the directories, bootstrap for its place.
   */
  static async launch(options: InstanceOptions = {}): Promise<Instance> {
    const scope = new Scope();
    try {
      return await Instance.#launch(options, scope);
    } catch (error) {
      await scope.close();
      throw error;
    }
  }

  static async #launch(options: InstanceOptions, scope: Scope): Promise<Instance> {
    // While there are few descriptors to look at.
    keepInheritedDescriptors();
    reserveDescriptors();
    const env = options.env ?? process.env;
    const attributes = tableOf(options.attributes);
    const config = options.config ?? new ConfigStore();
    if (config.path !== undefined) attributes.define("config.path", config.path);
    const notes: [level: LogLevel, text: string][] = [];
    let note = (level: LogLevel, text: string): void => void notes.push([level, text]);
    const log = (level: LogLevel, text: string): void => note(level, text);
    const boot = await bootOf(options, env, attributes, config.current);
    scope.defer(() => boot.finalize());
    // Before anything is made that a broker without it would leave behind. Behind the probe of a dead socket Node 22 loads it empty.
    if (boot.size > 1 && boot.carrier === undefined) await ZeroMqTransport.load();
    const parent =
      options.boot === undefined ? await findParent(env, (text) => log("info", text)) : boot.parent;
    definePlace(attributes, boot, env, parent);
    applyTbonTable(config.current, attributes, env);
    const topology = planTree(boot, attributes);
    const settings = readLifecycleSettings(attributes, boot.size, (text) => {
      if (boot.rank === 0) log("err", text);
    });
    const kept = readEventLogSettings(attributes, config.current);
    const runat = new Runat({ env: () => env, set: () => commandVariables(attributes), log });
    // Only rank 0 keeps a state, and runs what the instance is there for.
    if (boot.rank > 0) attributes.remove("statedir");
    const own = boot.rank === 0 ? options : { ...options, program: undefined, makeStatedir: false };
    pushPhases(runat, attributes, own.program, env);
    const rundir = await openDirectories(attributes, own, env, scope);
    const socketPath = options.socketPath ?? (await socketPathOf(attributes, rundir.path, boot.rank));
    attributes.define("local-uri", `local://${socketPath}`);
    const events = await openEventLog({ rank: boot.rank, settings: kept, given: options.events, log }, scope);
    const broker = Broker.create({
      ...options,
      events,
      rank: boot.rank,
      size: boot.size,
      attributes,
      config,
      socketPath,
      printLog: options.printLog ?? logToStderr,
      moduleLoader: options.moduleLoader ?? moduleLoader(env),
      onModulePanic: () => lifecycle.panic(),
    });
    scope.defer(() => broker.stop());
    config.logTo((text) => broker.log("err", text, "config"));
    broker.addService("config", configMethods(config, boot.rank));
    note = (level, text) => broker.log(level, text);
    for (const [level, text] of notes) log(level, text);
    scope.defer(config.listen("event-log", (changed) => void readEventLogSettings(attributes, changed)));
    let overlay: Overlay | undefined;
    const builtins = new BuiltinModules({
      "connector-local": () => broker.listen(),
      async rexec(unload) {
        const rexec = new RexecService({
          rank: boot.rank,
          localUri: broker.uri!,
          log: (level, text, cause) => broker.log(level, text, "rexec", cause),
          isMultiUser: () => broker.access.table.allowGuests,
          env,
        });
        unload.defer(() => rexec.stop());
        broker.addService("rexec", rexec.methods);
      },
      async overlay(unload) {
        const post = (event: string, error: boolean): void => {
          if (error) lifecycle.fail();
          lifecycle.machine.post(event);
        };
        const treeLog: Log = (level, text, cause) => broker.log(level, text, "overlay", cause);
        const place = { boot, topology, attributes, config, broker, rundir: rundir.path };
        overlay = await openTree({ ...place, post, log: treeLog }, unload);
        if (boot.rank === 0) await notifyParent(attributes);
        else void lifecycle.parent.follow(broker.handle);
        await boot.finalize();
      },
    });
    scope.defer(() => builtins.unload());
    const hosts = (): readonly string[] => decodeHostlist(attributes.get("hostlist") ?? "") ?? [];
    const lifecycle: Lifecycle = new Lifecycle({
      rank: boot.rank,
      attributes,
      runat,
      builtins,
      settings,
      online: { members: () => broker.groups.members(ONLINE), size: boot.size, hosts },
      join: () => broker.groups.join(ONLINE),
      syncConfig: () => followConfig(broker.handle, config, log),
      children: () => overlay?.onlineChildren ?? [],
      entered(state) {
        if (state === "init") broker.online = true;
        overlay?.stateChanged(state);
      },
      log,
    });
    broker.online = false;
    broker.groups.onChange((name) => {
      if (name === ONLINE) lifecycle.onlineChanged();
    });
    addServices(broker, lifecycle, runat, boot);
    const instance = new Instance(broker, rundir, lifecycle, builtins, scope);
    lifecycle.machine.start();
    return instance;
  }

  /** What the instance is doing: a state of `BROKER_STATES`. */
  get state(): BrokerState {
    return this.#lifecycle.machine.state;
  }

  /** Names of parts that did not end in time, once it has ended: what is left of them may keep the process. */
  get overdue(): readonly string[] {
    return this.state === "exit" ? this.#builtins.loaded : [];
  }

  /** Calls `take` with each state that is entered from now on, until the returned function is called. */
  watch(take: (state: BrokerState) => void): () => void {
    return this.#lifecycle.machine.watch(take);
  }

  /** Passes a signal on to what runs, as a signal to flux-broker does: the initial program ends, or the instance shuts down. */
  kill(signal: NodeJS.Signals): void {
    this.broker.log("info", `signal ${constants.signals[signal]}`);
    if (FOR_JOBS.has(signal)) void this.#signalJobs(signal);
    else this.#lifecycle.kill(signal);
  }

  /** Hands a signal on to the jobs of the instance; without a job manager it is the broker's own. */
  async #signalJobs(signal: NodeJS.Signals): Promise<void> {
    const signum = constants.signals[signal];
    await using flux = this.broker.connect({ appname: "broker" });
    try {
      const request = { dry_run: false, userid: -1, signum };
      const { count } = (await flux.rpc("job-manager.killall", request)) as { count?: number };
      this.broker.log("info", `forwarded signal ${signum} to ${count} jobs`);
    } catch (error) {
      const { message } = FluxError.from(error);
      this.broker.log("info", `killall failed, delivering signal ${signum} locally instead: ${message}`);
      this.#lifecycle.kill(signal);
    }
  }

  /** Something the instance can't go on without is gone: it ends with an exit status that says so. */
  panic(): void {
    this.#lifecycle.panic();
  }

  /** Ends it as the end of its process would, and resolves when nothing is left: nobody is told, rc3 does not run; `exit` is that of SIGKILL. */
  async crash(): Promise<void> {
    this.#lifecycle.abandon(KILLED);
    await this.exit;
  }

  /** Ends the instance in good order; resolves when nothing of it is left. */
  async stop(): Promise<void> {
    // What is being loaded heeds no signal.
    await this.loaded.catch(() => {});
    if (this.state !== "exit") this.#lifecycle.kill("SIGTERM");
    await this.exit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Finds modules; what it takes is loaded with the first of them, however short descriptors are. */
function moduleLoader(env: Environment): ModuleLoader {
  return {
    async find(target) {
      const load = () => import("../module/index.ts");
      const { ModuleLoaders } = await loadLate(import.meta.url, "../module/index", load);
      return await new ModuleLoaders(env).find(target);
    },
  };
}

function tableOf(given: InstanceOptions["attributes"] = {}): AttributeTable {
  if (given instanceof AttributeTable) return given;
  const table = new AttributeTable();
  setStartAttributes(table, Object.entries(given));
  return table;
}

function bootOf(
  options: InstanceOptions,
  env: Environment,
  attributes: AttributeTable,
  config: JsonObject,
): Promise<Boot> {
  if (typeof options.boot === "object") return options.boot.boot();
  const methods = options.boot === undefined ? "single" : attributes.get("broker.boot-method");
  const trace = (text: string): void => logToStderr(`bootstrap: ${text}`);
  const name = attributes.get("hostname") ?? hostname();
  return bootstrap({ env, methods, config, hostname: name, trace });
}

/** Opens the run directory, and the state directory if there is to be one; `scope` removes what was made. */
async function openDirectories(
  attributes: AttributeTable,
  options: InstanceOptions,
  env: Environment,
  scope: Scope,
): Promise<Rundir> {
  const open = async (attribute: "rundir" | "statedir", fallback: string): Promise<Rundir> => {
    const directory = await Rundir.open({
      attribute,
      path: attributes.get(attribute),
      base: env["TMPDIR"] || fallback,
      cleanup: attributes.get(`${attribute}-cleanup`),
    });
    scope.defer(() => directory.remove());
    attributes.define(attribute, directory.path);
    attributes.define(`${attribute}-cleanup`, directory.made ? "1" : "0");
    return directory;
  };
  const rundir = await open("rundir", "/tmp");
  if (options.fluxCommand !== undefined) await rundir.link(options.fluxCommand);
  if (options.makeStatedir === true || attributes.get("statedir") !== undefined)
    await open("statedir", "/var/tmp");
  return rundir;
}

function addServices(broker: Broker, lifecycle: Lifecycle, runat: Runat, boot: Boot): void {
  const { machine } = lifecycle;
  broker.addService(
    "state-machine",
    stateMachineMethods(machine, () => lifecycle.fail()),
  );
  broker.addService("runat", runat.methods());
  const shutdown = new Shutdown({
    machine,
    rank: boot.rank,
    begin: () => lifecycle.shutdown(),
    followLog: (take) => broker.followLog(take),
  });
  broker.addService("shutdown", shutdown.methods());
}
