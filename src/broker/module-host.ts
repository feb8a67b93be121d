import { errno, FluxError, strerror, within } from "../base/index.ts";
import type { Log, Methods } from "../client/index.ts";
import type { JsonObject } from "../json/index.ts";
import { stringifyJson } from "../json/index.ts";
import { Message, MessageFlag, Role, textPayload } from "../message/index.ts";
import { defaultMethods } from "../methods/index.ts";
import type { ClientConnection } from "./client-connection.ts";
import { clientReceiver } from "./client-receiver.ts";
import { EventTap } from "./event-tap.ts";
import { BuiltinModule, LoadedModule, type ModuleInfo, ModuleStatus } from "./module-entry.ts";
import { ModuleLink } from "./module-link.ts";
import type {
  ModuleConfig,
  ModuleEnd,
  ModuleLoader,
  ModuleRun,
  ModuleSurroundings,
  ModuleTarget,
} from "./module-loader.ts";
import { ModuleTrace } from "./module-trace.ts";
import type { RouteIdentity } from "./route-identity.ts";
import type { Router } from "./router.ts";

/** Most bytes queued for a module that does not read, 512 MiB: it is part of the instance, and dies of being closed. */
export const MODULE_QUEUE_BYTES = 512 * 1024 * 1024;
/** Longest wait for what a module wrote before its process ended, and for a process that has closed its connection. */
const GRACE_MS = 2000;

export interface ModuleHostOptions {
  readonly rank: number;
  readonly owner: number;
  readonly identity: RouteIdentity;
  readonly router: Router;
  /** Finds modules; without one none can be loaded. */
  readonly loader: ModuleLoader | undefined;
  readonly surroundings: ModuleSurroundings;
  /** Attributes that never change, for a module that starts. */
  readonly attributes: () => Readonly<Record<string, string>>;
  readonly config: ModuleConfig | undefined;
  /** Calls a service. */
  readonly ask: (topic: string, payload: JsonObject) => Promise<unknown>;
  /** Sends a response as the broker's own. */
  readonly respond: (response: Message) => void;
  /** A module has failed at run time: the broker can't go on. */
  readonly panic: (text: string) => void;
  readonly log: Log;
}

/** The modules of a broker: those it is made of, and those that are loaded and removed while it runs. Source: RFC 5; modhash.c in flux-core. */
export class ModuleHost {
  readonly trace = new ModuleTrace((tap) => {
    for (const builtin of this.#builtins.values()) builtin.tap = tap;
    for (const module of this.#loaded) module.link.tap = tap;
  });
  readonly #options: ModuleHostOptions;
  readonly #builtins = new Map<string, BuiltinModule>();
  readonly #loaded = new Set<LoadedModule>();
  /** Runs of modules that have exited, until nothing of them is left. */
  readonly #leaving = new Set<ModuleRun>();
  /** What `NAME.stats-clear` events clear. */
  readonly #onClear = new Map<string, () => void>();
  readonly #tap: ClientConnection;
  #stopping = false;

  constructor(options: ModuleHostOptions) {
    this.#options = options;
    const tap = new EventTap((event) => {
      if ((event.rolemask & Role.OWNER) !== 0) this.#onClear.get(event.topic ?? "")?.();
    });
    this.#tap = this.#connect(tap, undefined);
  }

  /** Names of the modules that were loaded and have not exited. */
  get loaded(): string[] {
    return [...this.#loaded].map(({ name }) => name);
  }

  /** Adds a module that is part of the broker. */
  addBuiltin(name: string): BuiltinModule {
    const builtin = new BuiltinModule(name);
    builtin.tap = this.trace.tap;
    this.#builtins.set(name, builtin);
    this.clearOnEvent(name, () => builtin.counters.clear());
    return builtin;
  }

  /** The methods of a builtin module, its own before those every module has. */
  methodsOf({ name, counters, debug }: BuiltinModule, methods: Methods): Methods {
    const { rank, identity } = this.#options;
    const uuid = name === "connector-local" ? identity.connectorUuid : identity.brokerUuid;
    return { ...defaultMethods({ rank, uuid, ...counters, debug }), ...methods };
  }

  /** Calls `clear` at each event `NAME.stats-clear`. */
  clearOnEvent(name: string, clear: () => void): void {
    const topic = `${name}.stats-clear`;
    this.#onClear.set(topic, clear);
    this.#options.router.subscribe(this.#tap, topic);
  }

  list(): ModuleInfo[] {
    const { services } = this.#options.router;
    return [
      ...[...this.#builtins.values()].map((builtin) => builtin.info),
      ...[...this.#loaded].map((module) => module.info(services.namesOf(module.client))),
    ];
  }

  /**
   * Loads a module; resolves when it is running.
   * @throws FluxError ENOENT when it is not found, EEXIST when its name is taken, its own error when it ends before it runs.
   */
  async load(target: ModuleTarget, args: readonly string[]): Promise<void> {
    const { loader, router, surroundings, log } = this.#options;
    if (target.exec && this.#builtins.has(target.path)) {
      throw new FluxError("EINVAL", "built-in modules cannot execute in a separate process");
    }
    const taken = (name: string): FluxError => new FluxError("EEXIST", `error registering ${name} service`);
    if (this.#builtins.has(target.path)) throw taken(target.path);
    if (loader === undefined) throw new FluxError("ENOSYS", "this broker has no module loader");
    const source = await loader.find(target);
    const { name, path } = source;
    if (router.services.get(name) !== undefined) throw taken(name);
    if (this.#stopping) throw new FluxError("ECANCELED", "broker is stopping");
    const run = source.start(surroundings);
    const refuse = (request: Message): void => this.#refuse(request, "ENOSYS", undefined);
    const link = new ModuleLink(name, run.link, refuse, router.accounts);
    link.tap = this.trace.tap;
    const client = this.#connect(link, run.pid);
    const module = new LoadedModule(name, path, client, link, run);
    try {
      router.services.add(name, client, client.credential);
      this.#followConfig(module);
    } catch (error) {
      router.disconnect(client);
      link.destroy();
      run.kill();
      throw error;
    }
    this.#loaded.add(module);
    this.#welcome(module, args);
    this.#attend(module);
    log("debug", `insmod ${name}`);
    if (run.loader !== undefined) log("debug", `${run.loader} ${name} pid=${run.pid ?? -1}`);
    await module.running;
  }

  /**
   * Removes the module with that name or path; resolves when it has exited. With `cancel` it is not asked.
   * @throws FluxError ENOENT when there is none, EPERM for one that is part of the broker.
   */
  async remove(nameOrPath: string, cancel: boolean): Promise<void> {
    if (this.#builtins.has(nameOrPath)) throw new FluxError("EPERM", `${nameOrPath} is part of the broker`);
    const module = this.#lookup(nameOrPath);
    this.#stop(module, cancel);
    this.#options.log("debug", `rmmod ${module.name}`);
    await module.exited;
  }

  /** Holds the messages of a module back, or lets them go. Throws ENOENT when there is no such module. */
  defer(nameOrPath: string, on: boolean | undefined): void {
    if (this.#builtins.has(nameOrPath)) {
      if (on === true) throw new FluxError("EINVAL", `messages of ${nameOrPath} can't be held back`);
      return;
    }
    const { link } = this.#lookup(nameOrPath);
    if (on !== undefined) link.defer(on);
  }

  /** Takes what the sender with that uuid says of itself, once `answer` has answered it. One that is no module may say anything. */
  status(sender: string, status: number, errnum: number, text: string | undefined, answer: () => void): void {
    const module = [...this.#loaded].find(({ uuid }) => uuid === sender);
    if (status === ModuleStatus.FINALIZING) module?.link.mute();
    answer();
    if (status === ModuleStatus.EXITED) {
      if (module !== undefined) this.#exited(module, { errnum, text });
    } else module?.advance(status);
  }

  /** Ends all modules that were loaded, the latest first, and those that don't go by force. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const module of [...this.#loaded].reverse()) {
      this.#options.log("err", `broker module '${module.name}' was not properly shut down`);
      this.#stop(module, false);
      await within(module.exited, GRACE_MS);
    }
    for (const module of this.#loaded) this.#exited(module, { errnum: 0, text: undefined });
    await within(Promise.all([...this.#leaving].map(({ ended }) => ended)), GRACE_MS);
    for (const run of this.#leaving) run.kill();
    await within(Promise.all([...this.#leaving].map(({ ended }) => ended)), GRACE_MS);
  }

  #connect(link: ModuleLink | EventTap, pid: number | undefined): ClientConnection {
    const { owner, router } = this.#options;
    const credential = { userid: owner, rolemask: Role.OWNER | Role.LOCAL };
    const remember =
      link instanceof ModuleLink
        ? (request: Message, pushed: Uint8Array) => link.remember(request, pushed)
        : undefined;
    return router.connect({
      link,
      credential,
      pid,
      queueBytes: MODULE_QUEUE_BYTES,
      isModule: true,
      remember,
    });
  }

  #welcome({ name, uuid, link }: LoadedModule, args: readonly string[]): void {
    const attrs = this.#options.attributes();
    const conf = this.#options.config?.current ?? {};
    this.#send(link, "welcome", stringifyJson({ args: [...args], attrs, conf, name, uuid }));
  }

  #send(link: ModuleLink, topic: string, text?: string): void {
    const payload = text === undefined ? undefined : textPayload(text);
    const userid = this.#options.owner;
    const rolemask = Role.OWNER | Role.LOCAL;
    // It goes past the module's connection, and not past events for it.
    this.#options.router.flush();
    link.send(Message.request({ topic, payload, userid, rolemask, flags: MessageFlag.NORESPONSE }));
  }

  #attend(module: LoadedModule): void {
    const { router } = this.#options;
    const { client, link, run } = module;
    const closed = new Promise<void>((resolve) => {
      link.start(clientReceiver(router, client, () => resolve()));
    });
    this.#leaving.add(run);
    const watch = [this.#killUnlessEnded(run, closed), this.#awaitEnd(module, closed)];
    Promise.all(watch).catch((error: unknown) => this.#options.log("err", `${module.name}: ${error}`));
  }

  /** A module that has closed its connection is of no use any more. */
  async #killUnlessEnded(run: ModuleRun, closed: Promise<void>): Promise<void> {
    await closed;
    if ((await within(run.ended, GRACE_MS)) === undefined) run.kill();
  }

  async #awaitEnd(module: LoadedModule, closed: Promise<void>): Promise<void> {
    const end = await module.run.ended;
    // What it has written counts, even if it is read behind its end.
    await within(closed, GRACE_MS);
    this.#leaving.delete(module.run);
    this.#exited(module, end);
  }

  /** A module may refuse a new configuration, for the whole instance. One that takes none has nothing to say. */
  #followConfig({ name, exited }: LoadedModule): void {
    const { config, ask, log } = this.#options;
    const forget = config?.listen(name, async (changed) => {
      try {
        await ask(`${name}.config-reload`, changed);
      } catch (error) {
        if (FluxError.from(error).code !== "ENOSYS") throw error;
      }
    });
    exited.then(() => forget?.()).catch((error: unknown) => log("err", `${name}: ${error}`));
  }

  #stop(module: LoadedModule, cancel: boolean): void {
    module.unloading = true;
    if (cancel) module.run.kill();
    else this.#send(module.link, `${module.name}.shutdown`);
  }

  /** The end of a module, told by itself or found out: nobody is left waiting for it. */
  #exited(module: LoadedModule, { errnum, text }: ModuleEnd): void {
    if (!this.#loaded.delete(module)) return;
    const { log, router } = this.#options;
    const { name, client, link } = module;
    const error = errnum === 0 ? undefined : new FluxError(errnum, text ?? strerror(errnum));
    log("debug", `module ${name} exited`);
    // The text is the module's.
    const cause = { kind: "module failed", who: `module ${name}`, userid: this.#options.owner };
    if (error !== undefined) log("err", `${name}: ${error.message}`, cause);
    router.services.removeAll(client);
    if (error !== undefined && !module.unloading && module.hasRun) {
      this.#options.panic(`${name} module runtime failure`);
    }
    module.exit(error);
    router.disconnect(client);
    for (const request of link.requests.take()) this.#refuse(request, "EHOSTUNREACH", "module disconnect");
    link.end(GRACE_MS).catch(() => {});
  }

  #lookup(nameOrPath: string): LoadedModule {
    const loaded = [...this.#loaded];
    const module =
      loaded.find(({ name }) => name === nameOrPath) ?? loaded.find(({ path }) => path === nameOrPath);
    if (module === undefined) throw new FluxError("ENOENT");
    return module;
  }

  #refuse(request: Message, code: "ENOSYS" | "EHOSTUNREACH", text: string | undefined): void {
    if ((request.flags & MessageFlag.NORESPONSE) !== 0) return;
    const payload = text === undefined ? undefined : textPayload(text);
    this.#options.respond(request.deriveResponse(errno[code], payload));
  }
}
