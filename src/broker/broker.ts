import { decodeUtf8, FluxError } from "../base/index.ts";
import { Flux, type FluxOptions, type LogCause, type LogLevel, type Methods } from "../client/index.ts";
import { type Connector, connectorPair, type FrameLink } from "../connector/index.ts";
import { stringifyJson } from "../json/index.ts";
import { type Credential, Message, MessageFlag, Role, textPayload } from "../message/index.ts";
import { clearCounters } from "../methods/index.ts";
import { EventLog, replayMethods } from "../replay/index.ts";
import { ReadTurns } from "../socket/index.ts";
import { loadPeerCredentials } from "../system/index.ts";
import { AccessControl } from "./access-control.ts";
import { SystemNames } from "./access-names.ts";
import { Accounts } from "./accounts.ts";
import { AttributeTable } from "./attribute-table.ts";
import { BrokerLog } from "./broker-log.ts";
import { type BrokerOptions, type BrokerStats, CLIENT_QUEUE_BYTES } from "./broker-options.ts";
import { Builtins } from "./builtins.ts";
import { clientReceiver } from "./client-receiver.ts";
import { checkConnectionLimits, refuseConnection } from "./connection-limits.ts";
import { EventService } from "./event-service.ts";
import { FlushRound } from "./flush-round.ts";
import { LocalServer } from "./local-server.ts";
import { ModuleHost } from "./module-host.ts";
import { Groups } from "./modules/groups.ts";
import { ownAttributes } from "./own-attributes.ts";
import { ownServices } from "./own-services.ts";
import { RouteIdentity } from "./route-identity.ts";
import { Router } from "./router.ts";
import type { Downlink, Uplink } from "./uplink.ts";

/**
 * A Flux broker: one rank of an instance. It serves clients over a UNIX socket, from this package or flux-core's, and in this process; what is for
 * other ranks goes through what `attach` is given.
 *
 * Owner: who started it. Ends with `stop`: clients are closed when what is queued for them is written.
 */
export class Broker implements AsyncDisposable {
  readonly rank: number;
  readonly #options: BrokerOptions;
  readonly #identity = new RouteIdentity();
  /** What `attr` tells: values may be defined here at any time. */
  readonly attributes: AttributeTable;
  /** Named sets of ranks; who keeps the instance puts this rank into `broker.online`. */
  readonly groups: Groups;
  /** Who may connect; a new configuration is told here. */
  readonly access: AccessControl;
  /** The events that can be given again; undefined when none are kept. */
  readonly events: EventLog | undefined;
  readonly accounts: Accounts;
  readonly #log: BrokerLog;
  readonly #round = new FlushRound();
  readonly #router: Router;
  readonly #modules: ModuleHost;
  /** The services inside it: the topics of their methods, and the requests they have not answered. */
  readonly builtins: Builtins;
  readonly #owner = process.getuid?.() ?? 0;
  #server: LocalServer | undefined;
  #uplink: Uplink | undefined;
  #handle: Flux | undefined;
  #forgetConfig: (() => void) | undefined;
  #stopping: Promise<void> | undefined;

  private constructor(options: BrokerOptions) {
    this.#options = options;
    const { rank = 0, size = 1, attributes: given, logRingSize, logLevel } = options;
    this.rank = rank;
    this.accounts = new Accounts(options);
    checkConnectionLimits(options);
    this.attributes = given instanceof AttributeTable ? given : new AttributeTable(given);
    const { uri } = this;
    const facts = { rank, size, owner: this.#owner, uuid: this.uuid, uri, logRingSize, logLevel };
    for (const [name, value] of Object.entries(ownAttributes(facts)))
      this.attributes.defineDefault(name, value);
    this.#log = new BrokerLog({
      ...options,
      rank,
      owner: this.#owner,
      attributes: this.attributes,
      forward: (record) => this.#toParent("log.append", record),
    });
    if (options.events !== null)
      this.events = new EventLog({
        rank,
        schedule: this.#round.schedule,
        ...(options.lastEvent !== undefined && { after: { epoch: Date.now(), seq: options.lastEvent } }),
        ...options.events,
        leaving: () => this.#router.flush(),
      });
    this.#router = new Router({
      rank,
      owner: this.#owner,
      identity: this.#identity,
      slowClient: options.slowClient ?? "disconnect",
      accounts: this.accounts,
      events: this.events,
      lastEvent: options.lastEvent,
      limits: options,
      schedule: this.#round.schedule,
      log: (level, text, cause) => this.log(level, text, undefined, cause),
    });
    this.access = new AccessControl({
      owner: this.#owner,
      defaults: { allowGuests: options.allowGuests, allowRootOwner: options.allowRootOwner },
      names: options.names ?? new SystemNames(),
      log: (level, text, cause) => this.log(level, text, "connector-local", cause),
    });
    this.groups = new Groups({
      rank,
      batchMs: size === 1 ? 0 : undefined,
      subtreeSize: 1 + Number(this.attributes.get("tbon.descendants") ?? size - 1),
      log: (level, text, cause) => this.log(level, text, "groups", cause),
      toParent:
        rank === 0
          ? undefined
          : (payload) => this.#toParent("groups.update", textPayload(stringifyJson(payload))),
    });
    this.#modules = new ModuleHost({
      rank,
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
      ask: (topic, payload) => this.handle.call(topic, payload),
      respond: (response) => this.#respond(response),
      panic: (text) => this.#modulePanic(text),
      log: (level, text, cause) => this.log(level, text, undefined, cause),
    });
    this.builtins = new Builtins({
      router: this.#router,
      modules: this.#modules,
      respond: (response) => this.#respond(response),
      log: (level, text, cause) => this.log(level, text, undefined, cause),
      limits: options.limits,
      ledger: this.accounts,
    });
    this.#addOwnServices();
  }

  /**
   * Starts a broker; it takes clients when the promise resolves.
   * @throws FluxError as `listen` does.
   */
  static async start(options: BrokerOptions = {}): Promise<Broker> {
    const broker = new Broker(options);
    try {
      await broker.listen();
    } catch (error) {
      broker.#forgetConfig?.();
      broker.#log.close();
      throw error;
    }
    return broker;
  }

  /** A broker that takes no clients from outside of this process until `listen`. */
  static create(options: BrokerOptions = {}): Broker {
    return new Broker(options);
  }

  /**
   * Takes clients over its socket, if it is to have one, by the table `[access]` of its configuration. Called once.
   * @throws FluxError as LocalServer.listen does; EINVAL for a table `[access]` that is none.
   */
  async listen(): Promise<void> {
    const { config, socketPath } = this.#options;
    if (config !== undefined) this.#forgetConfig = this.access.follow(config);
    if (socketPath !== undefined) await this.#listen(socketPath);
  }

  /** Where clients connect to: `local://` and the socket's path; undefined without a socket. */
  get uri(): string | undefined {
    return this.#options.socketPath === undefined ? undefined : `local://${this.#options.socketPath}`;
  }

  /** The name of this broker in the tree and on route stacks, new with each start. */
  get uuid(): string {
    return this.#identity.brokerUuid;
  }

  /** False puts clients off with EAGAIN, but for what tells the state of the broker: it has not joined its instance yet. Default true. */
  get online(): boolean {
    return this.#router.online;
  }

  set online(online: boolean) {
    this.#router.online = online;
  }

  /** Joins the tree: what other ranks are to have goes to `uplink`; what comes from them is given to the returned port. */
  attach(uplink: Uplink): Downlink {
    this.#router.attach(uplink);
    this.#uplink = uplink;
    return {
      request: (request) => this.#router.requestFromTree(request),
      response: (response) => this.#router.respond(response),
      event: (event) => this.#router.eventFromTree(event),
      lost: (range) => this.events?.lose(range),
      publish: (event) => this.#router.publishFromTree(event),
    };
  }

  get stats(): BrokerStats {
    this.#router.flush();
    const { connections, sequencer, rx, tx, slow, refusals } = this.#router;
    return {
      clients: connections.clients.size,
      lastEvent: sequencer.last,
      rx: { ...rx },
      tx: { ...tx },
      slow: slow.counters,
      guests: this.accounts.stats,
      refused: refusals.counters,
    };
  }

  /** A handle in this process, with the owner's rights. It speaks the same bytes as one over the socket. */
  connect(options: FluxOptions = {}): Flux {
    return new Flux(this.open(), async () => this.open(), options);
  }

  /**
   * A connection in this process, with the owner's rights: for a handle that is to outlive this broker, and opens the next one elsewhere.
   * @throws FluxError ECONNREFUSED once the broker has stopped.
   */
  open(): Connector {
    return this.#open(false);
  }

  /**
   * The broker's own handle, for who runs it: not a client's, so that it may call before the broker is online.
   * The broker closes it.
   */
  get handle(): Flux {
    this.#handle ??= new Flux(this.#open(true), async () => this.#open(true), { appname: "broker" });
    return this.#handle;
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
    this.builtins.add(name, methods);
  }

  /**
   * Appends lines to the broker's log, as the broker's own, or under another name. With a `cause`, for what others bring about, the
   * first few of a kind and a user are appended; further ones are counted, and summed up once in `logSummaryMs`.
   */
  log(level: LogLevel, message: string, appname?: string, cause?: LogCause): void {
    this.#log.log(level, message, appname, cause);
  }

  /** Calls `take` with the text of each record the log keeps from now on, until the returned function is called. */
  followLog(take: (text: string) => void): () => void {
    return this.#log.buffer.ring.follow((record) => take(decodeUtf8(record)));
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
    this.builtins.stop();
    this.events?.stop();
    this.groups.stop();
    await this.#handle?.close();
    this.#router.flush();
    const clients = [...this.#router.connections.clients.values()];
    await Promise.all(clients.map((client) => client.link.end(LINGER_MS)));
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
      turns: new ReadTurns(),
      refuse: (credential) => refuseConnection(credential, this.accounts, this.#options),
      accept: (link, credential, pid) => this.#accept(link, credential, pid),
      warn: (text, cause) => this.log("err", text, "connector-local", cause),
    });
  }

  /** A connection in this process, of a client or of the broker itself. */
  #open(own: boolean): Connector {
    if (this.#stopping !== undefined) throw new FluxError("ECONNREFUSED", "broker has stopped");
    const [near, far] = connectorPair(this.uri ?? "pair://", this.#options.maxFrameBytes);
    this.#accept(far, { userid: this.#owner, rolemask: Role.OWNER | Role.LOCAL }, process.pid, own);
    return near;
  }

  #accept(link: FrameLink, credential: Credential, pid: number | undefined, own = false): void {
    const { clientQueueBytes: queueBytes = CLIENT_QUEUE_BYTES } = this.#options;
    const client = this.#router.connect({ link, credential, pid, queueBytes, isModule: own });
    const closed = (reason: FluxError | undefined): void => {
      this.#router.disconnect(client);
      if (reason === undefined || QUIET.has(reason.code)) return;
      const { userid } = credential;
      const text = `client=${client.uuid.slice(0, 5)} userid=${userid}: ${reason.message}`;
      this.log("err", text, undefined, { kind: "client error", userid });
    };
    link.start(clientReceiver(this.#router, client, closed));
  }

  #respond(response: Message): void {
    response.userid = this.#owner;
    response.rolemask = Role.OWNER | Role.LOCAL;
    this.#router.respond(response);
  }

  #addOwnServices(): void {
    const { rank, uuid, attributes, access, groups } = this;
    const router = this.#router;
    const services = ownServices({
      rank,
      uuid,
      router,
      attributes,
      access,
      groups,
      log: this.#log.buffer,
      modules: this.#modules,
      ask: (topic, payload) => this.handle.call(topic, payload),
      onSetAttribute: this.#options.onSetAttribute ?? (() => {}),
      connects: () => this.#server?.connects ?? 0,
      guests: () => this.accounts.stats,
    });
    for (const [name, methods] of Object.entries(services)) this.addService(name, methods);
    const { ingress } = router;
    const { guestReplays } = this.#options;
    const replays =
      this.events === undefined ? {} : replayMethods(this.events, { limits: ingress, guestReplays });
    router.addBuiltin(
      new EventService({
        rank,
        publisher: router,
        events: this.events,
        limits: this.#options.limits,
        guestPublishBytes: this.#options.guestPublishBytes,
        maxTopicBytes: ingress.maxTopicBytes,
        others: this.builtins.open("event", replays),
      }),
    );
    this.#modules.clearOnEvent("broker", () => {
      clearCounters(router.rx);
      clearCounters(router.tx);
    });
  }

  /** Sends a request to the same service of the parent, which answers nothing. */
  #toParent(topic: string, payload: Uint8Array): void {
    const { rank } = this;
    const flags = MessageFlag.NORESPONSE | MessageFlag.UPSTREAM;
    const credential = { userid: this.#owner, rolemask: Role.OWNER | Role.LOCAL };
    this.#uplink?.toParent(Message.request({ topic, payload, flags, nodeid: rank, ...credential }));
  }

  #modulePanic(text: string): void {
    this.log("crit", text);
    const keep = this.attributes.get("broker.module-nopanic");
    if (keep === undefined || keep === "0") this.#options.onModulePanic?.(text);
  }
}

/** Longest wait for a client to close when the broker stops. */
const LINGER_MS = 200;

/** Ends of a connection that are nothing to log. */
const QUIET = new Set(["ECONNRESET", "EPIPE", "EPROTO"]);
