import { hostname } from "node:os";
import { decodeUtf8, FluxError } from "../base/index.ts";
import {
  describeThrown,
  encodeLogRecord,
  Flux,
  type FluxOptions,
  guarded,
  type LogLevel,
  type LogRecord,
  logLines,
  logTimestamp,
  type Methods,
  type Reply,
  severityOf,
} from "../client/index.ts";
import { connectorPair, type FrameLink } from "../connector/index.ts";
import type { JsonObject } from "../json/index.ts";
import { type Credential, type Message, Role } from "../message/index.ts";
import { clearCounters, DebugFlags, type TypeCounters } from "../methods/index.ts";
import { AccessControl } from "./access-control.ts";
import { type NameDatabase, SystemNames } from "./access-names.ts";
import { AttributeTable } from "./attribute-table.ts";
import { BuiltinService } from "./builtin-service.ts";
import { ClientConnection } from "./client-connection.ts";
import { EventService } from "./event-service.ts";
import { FlushRound } from "./flush-round.ts";
import { LocalServer } from "./local-server.ts";
import { LogBuffer } from "./log-buffer.ts";
import { readLogSettings } from "./log-settings.ts";
import { ModuleHost } from "./module-host.ts";
import type { ModuleConfig, ModuleLoader } from "./module-loader.ts";
import { attrMethods } from "./modules/attr.ts";
import { brokerMethods } from "./modules/broker.ts";
import { connectorLocalMethods } from "./modules/connector-local.ts";
import { Groups } from "./modules/groups.ts";
import { heaptraceMethods } from "./modules/heaptrace.ts";
import { logMethods } from "./modules/log.ts";
import { moduleMethods } from "./modules/module.ts";
import { loadPeerCredentials, type ReadPeerCredentials } from "./peer-credentials.ts";
import { RouteIdentity } from "./route-identity.ts";
import { Router } from "./router.ts";
import type { SlowClientPolicy, SlowCounters } from "./slow-clients.ts";

/** The flux-core version whose protocol this is: what the attribute `version` says. */
export const FLUX_VERSION = "0.88.0";

/** Default of `clientQueueBytes`, 32 MiB. */
export const CLIENT_QUEUE_BYTES = 32 * 1024 * 1024;

export interface BrokerOptions {
  /** Absolute path of the UNIX socket, in a directory that is there. Without one only `connect` leads to the broker. */
  readonly socketPath?: string | undefined;
  /** Attributes besides those the broker sets itself, which they override. A table is used as it is, and goes on being its owner's. */
  readonly attributes?: Readonly<Record<string, string>> | AttributeTable | undefined;
  /** Lets other users in, as guests, unless the configuration says otherwise. Default false. Source: RFC 12. */
  readonly allowGuests?: boolean | undefined;
  /** Lets root in as the owner, unless the configuration says otherwise. Default false. */
  readonly allowRootOwner?: boolean | undefined;
  /** Largest frame taken, in bytes; default 128 MiB. A client that sends a larger one is closed. */
  readonly maxFrameBytes?: number | undefined;
  /** Most bytes queued for a client that does not read; default 32 MiB. */
  readonly clientQueueBytes?: number | undefined;
  /** What happens to a client with a full queue when an event comes; default `"disconnect"`. */
  readonly slowClient?: SlowClientPolicy | undefined;
  /** Records the log keeps; default 1024. */
  readonly logRingSize?: number | undefined;
  /** Least severe level the log keeps; default `"debug"`. */
  readonly logLevel?: LogLevel | undefined;
  /** Takes each record of the log as it comes. Default: nobody. */
  readonly onLog?: ((record: LogRecord) => void) | undefined;
  /** Takes the lines for standard error, which the attributes `log-stderr-*` and `log-critical-level` choose. Default: nobody. */
  readonly printLog?: ((line: string) => void) | undefined;
  /** Takes a change of `log-stderr-level` before it is made; may throw. */
  readonly onSetAttribute?: ((name: string, value: string) => void) | undefined;
  /** Finds and starts modules. Without one `module.load` answers ENOSYS. */
  readonly moduleLoader?: ModuleLoader | undefined;
  /** Hears that a module has failed at run time, which an instance does not survive. Default: it is logged. */
  readonly onModulePanic?: ((text: string) => void) | undefined;
  /** The configuration, for modules that are loaded, and its table `[access]` for who may connect. Default: an empty one that never changes. */
  readonly config?: ModuleConfig | undefined;
  /** How to learn who connects. Default: SO_PEERCRED through koffi, where both are to be had. */
  readonly readPeer?: ReadPeerCredentials | undefined | null;
  /** Who has which name and is in which group, for the roles of guests. Default: the system's databases, through getent(1). */
  readonly names?: NameDatabase | undefined;
}

/** Counters of a broker. */
export interface BrokerStats {
  readonly clients: number;
  /** Sequence number of the latest event. */
  readonly lastEvent: number;
  /** Messages received and sent, by type. */
  readonly rx: Readonly<TypeCounters>;
  readonly tx: Readonly<TypeCounters>;
  /** Clients closed, events dropped and requests refused because a queue was full. */
  readonly slow: SlowCounters;
}

/**
 * A Flux broker: rank 0 of an instance of size 1. It serves clients over a UNIX socket, from this package or flux-core's, and in this process.
 *
 * Owner: who started it. Ends with `stop`: clients are closed when what is queued for them is written.
 */
export class Broker implements AsyncDisposable {
  readonly #options: BrokerOptions;
  readonly #identity = new RouteIdentity();
  /** What `attr` tells: values may be defined here at any time. */
  readonly attributes: AttributeTable;
  /** Named sets of ranks; who keeps the instance puts this rank into `broker.online`. */
  readonly groups: Groups;
  /** Who may connect; a new configuration is told here. */
  readonly access: AccessControl;
  readonly #log: LogBuffer;
  readonly #round = new FlushRound();
  readonly #router: Router;
  readonly #modules: ModuleHost;
  readonly #builtins: BuiltinService[] = [];
  readonly #owner = process.getuid?.() ?? 0;
  #server: LocalServer | undefined;
  #forgetConfig: (() => void) | undefined;
  #stopping: Promise<void> | undefined;

  private constructor(options: BrokerOptions) {
    this.#options = options;
    const given = options.attributes;
    this.attributes = given instanceof AttributeTable ? given : new AttributeTable(given);
    for (const [name, value] of Object.entries(this.#ownAttributes()))
      this.attributes.defineDefault(name, value);
    const settings = readLogSettings(this.attributes, 0);
    this.#log = new LogBuffer({
      rank: 0,
      settings,
      print: options.printLog,
      onRecord: guarded(options.onLog, (thrown) =>
        console.warn(`fluxbus: onLog failed: ${describeThrown(thrown)}`),
      ),
    });
    if (settings.syslog) this.log("warning", "log-syslog-enable: syslog is not supported");
    this.#router = new Router({
      rank: 0,
      owner: this.#owner,
      identity: this.#identity,
      slowClient: options.slowClient ?? "disconnect",
      schedule: this.#round.schedule,
      uplink: undefined,
      log: (level, text) => this.log(level, text),
    });
    this.access = new AccessControl({
      owner: this.#owner,
      defaults: { allowGuests: options.allowGuests, allowRootOwner: options.allowRootOwner },
      names: options.names ?? new SystemNames(),
      log: (level, text) => this.log(level, text, "connector-local"),
    });
    this.groups = new Groups({ rank: 0, batchMs: 0, log: (level, text) => this.log(level, text, "groups") });
    this.#modules = new ModuleHost({
      rank: 0,
      owner: this.#owner,
      identity: this.#identity,
      router: this.#router,
      loader: options.moduleLoader,
      surroundings: {
        uri: this.uri,
        maxFrameBytes: options.maxFrameBytes,
        schedule: this.#round.schedule,
      },
      attributes: () => this.attributes.lasting(),
      config: options.config,
      ask: (topic, payload) => this.#ask(topic, payload),
      respond: (response) => this.#respond(response),
      panic: (text) => this.#modulePanic(text),
      log: (level, text) => this.log(level, text),
    });
    this.#addBuiltins();
  }

  /**
   * Starts a broker; it takes clients when the promise resolves.
   * @throws FluxError as LocalServer.listen does; EINVAL for a table `[access]` that is none.
   */
  static async start(options: BrokerOptions = {}): Promise<Broker> {
    const broker = new Broker(options);
    try {
      if (options.config !== undefined) broker.#forgetConfig = broker.access.follow(options.config);
      if (options.socketPath !== undefined) await broker.#listen(options.socketPath);
    } catch (error) {
      broker.#log.close();
      throw error;
    }
    return broker;
  }

  /** Where clients connect to: `local://` and the socket's path; undefined without a socket. */
  get uri(): string | undefined {
    return this.#options.socketPath === undefined ? undefined : `local://${this.#options.socketPath}`;
  }

  get stats(): BrokerStats {
    const { clients, sequencer, rx, tx, slow } = this.#router;
    return {
      clients: clients.size,
      lastEvent: sequencer.last,
      rx: { ...rx },
      tx: { ...tx },
      slow: slow.counters,
    };
  }

  /** A handle in this process, with the owner's rights. It speaks the same bytes as one over the socket. */
  connect(options: FluxOptions = {}): Flux {
    const open = () => {
      if (this.#stopping !== undefined) throw new FluxError("ECONNREFUSED", "broker has stopped");
      const [near, far] = connectorPair(this.uri ?? "pair://");
      this.#accept(far, { userid: this.#owner, rolemask: Role.OWNER | Role.LOCAL }, process.pid);
      return near;
    };
    return new Flux(open(), async () => open(), options);
  }

  /** Names of the modules that were loaded and have not exited. */
  get loadedModules(): readonly string[] {
    return this.#modules.loaded;
  }

  /**
   * Registers a service inside the broker, methods as `flux.serve` takes them. One that is a module of flux-core's broker is a module here too: it has
   * the default methods and is in module.list. Throws EEXIST when the name is taken.
   */
  addService(name: string, methods: Methods): void {
    const module = BUILTIN_MODULES.has(name) ? this.#modules.addBuiltin(name) : undefined;
    const served = module === undefined ? methods : this.#modules.methodsOf(module, methods);
    const reply: Reply = {
      send: (response) => {
        module?.sent(response);
        this.#respond(response);
      },
      writable: (request) => this.#router.writable(request),
    };
    const fault = (topic: string, thrown: unknown) => this.log("err", `${topic}: ${describeThrown(thrown)}`);
    const service = new BuiltinService(name, served, reply, fault, module);
    this.#router.addBuiltin(service);
    this.#builtins.push(service);
  }

  /** Appends lines to the broker's log, as the broker's own, or under another name. */
  log(level: LogLevel, message: string, appname = "broker"): void {
    const head = { level, timestamp: logTimestamp(), rank: 0, appname, procid: String(process.pid) };
    for (const line of logLines(message)) this.#log.append(encodeLogRecord({ ...head, message: line }));
  }

  /** Calls `take` with the text of each record the log keeps from now on, until the returned function is called. */
  followLog(take: (text: string) => void): () => void {
    return this.#log.ring.follow((record) => take(decodeUtf8(record)));
  }

  /**
   * Stops: no more clients come in; those that are there get what is queued for them, 200 ms for it, and are closed. Called again it
   * resolves with the first call.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#server?.close();
    this.#forgetConfig?.();
    await this.#modules.stop();
    for (const service of this.#builtins) service.stop();
    this.groups.stop();
    this.#router.flush();
    await Promise.all([...this.#router.clients.values()].map((client) => client.link.end(LINGER_MS)));
    this.#log.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #listen(path: string): Promise<void> {
    const { maxFrameBytes, readPeer } = this.#options;
    this.#server = await LocalServer.listen({
      path,
      access: { owner: this.#owner },
      admit: (userid) => this.access.admit(userid),
      readPeer: readPeer === null ? undefined : (readPeer ?? loadPeerCredentials()),
      maxFrameBytes,
      schedule: this.#round.schedule,
      accept: (link, credential, pid) => this.#accept(link, credential, pid),
      warn: (text) => this.log("err", text, "connector-local"),
    });
  }

  #accept(link: FrameLink, credential: Credential, pid: number | undefined): void {
    const queueBytes = this.#options.clientQueueBytes ?? CLIENT_QUEUE_BYTES;
    const client = this.#router.connect(
      (uuid) => new ClientConnection(uuid, link, credential, pid, this.#identity, queueBytes),
    );
    link.start({
      message: (message) => this.#router.receive(client, message),
      frame: (bytes, start, end) => this.#router.receiveFrame(client, bytes, start, end),
      pause: () => this.#router.pause(),
      closed: (reason) => {
        this.#router.disconnect(client);
        if (reason !== undefined && !QUIET.has(reason.code)) {
          this.log("err", `client=${client.uuid.slice(0, 5)} userid=${credential.userid}: ${reason.message}`);
        }
      },
    });
  }

  #respond(response: Message): void {
    response.userid = this.#owner;
    response.rolemask = Role.OWNER | Role.LOCAL;
    this.#router.respond(response);
  }

  #addBuiltins(): void {
    const { onSetAttribute = () => {} } = this.#options;
    const { rx, tx } = this.#router;
    this.addService(
      "broker",
      brokerMethods({ rank: 0, uuid: this.#identity.brokerUuid, rx, tx, debug: new DebugFlags() }),
    );
    this.#modules.clearOnEvent("broker", () => {
      clearCounters(rx);
      clearCounters(tx);
    });
    this.addService(
      "attr",
      attrMethods(this.attributes, (topic, payload) => this.#ask(topic, payload), onSetAttribute),
    );
    this.#router.addBuiltin(new EventService(0, (event) => this.#router.publish(event)));
    this.addService("service", {});
    this.addService("heaptrace", heaptraceMethods());
    this.addService("log", logMethods(this.#log));
    this.addService("module", moduleMethods(this.#modules));
    const connects = () => this.#server?.connects ?? 0;
    this.addService("connector-local", connectorLocalMethods(this.#router, this.access, connects));
    this.addService("groups", this.groups.methods);
  }

  async #ask(topic: string, payload: JsonObject): Promise<void> {
    await using flux = this.connect();
    await flux.call(topic, payload);
  }

  #modulePanic(text: string): void {
    this.log("crit", text);
    const keep = this.attributes.get("broker.module-nopanic");
    if (keep === undefined || keep === "0") this.#options.onModulePanic?.(text);
  }

  #ownAttributes(): Record<string, string> {
    const { logRingSize, logLevel } = this.#options;
    return {
      rank: "0",
      size: "1",
      version: FLUX_VERSION,
      hostlist: hostname(),
      hostname: hostname(),
      "instance-level": "0",
      "security.owner": String(this.#owner),
      "broker.pid": String(process.pid),
      "broker.uuid": this.#identity.brokerUuid,
      "broker.starttime": (Date.now() / 1000).toFixed(2),
      "broker.mapping": "[[0,1,1,1]]",
      "broker.quorum": "1",
      "broker.boot-method": "single",
      "tbon.level": "0",
      "tbon.maxlevel": "0",
      "tbon.descendants": "0",
      ...(logRingSize === undefined ? {} : { "log-ring-size": String(logRingSize) }),
      ...(logLevel === undefined ? {} : { "log-level": String(severityOf(logLevel)) }),
      ...(this.uri === undefined ? {} : { "local-uri": this.uri }),
    };
  }
}

/** Services that are modules of flux-core's broker. */
const BUILTIN_MODULES: ReadonlySet<string> = new Set([
  "config",
  "connector-local",
  "groups",
  "overlay",
  "rexec",
]);

/** Longest wait for a client to close when the broker stops. */
const LINGER_MS = 200;

/** Ends of a connection that are nothing to log. */
const QUIET = new Set(["ECONNRESET", "EPIPE", "EPROTO"]);
