import { aborted, FluxError } from "../base/index.ts";
import {
  answeredAtOnce,
  describeThrown,
  type Flux,
  type FluxOptions,
  handlerOf,
  type LogLevel,
  type Methods,
} from "../client/index.ts";
import type { JsonObject } from "../json/index.ts";
import { type Message, MessageType } from "../message/index.ts";
import { DebugFlags, defaultMethods, MessageCounters, type TypeCounters } from "../methods/index.ts";
import { type ModuleContext, type ModuleDefinition, stopModule } from "./definition.ts";

/** States of a module, as they travel on the wire. Source: RFC 5. */
const RUNNING = 1;
const FINALIZING = 2;
const EXITED = 3;

/** Longest wait for the broker to hear that the module finalizes. */
const FINALIZE_MS = 10_000;

/** Who a module is. */
export interface ModuleIdentity {
  readonly name: string;
  readonly uuid: string;
  readonly args: readonly string[];
}

/** What it finds when it starts. */
export interface ModuleSurroundings {
  readonly rank: number;
  readonly config: JsonObject;
}

/**
 * Runs one module over its handle and does for it what RFC 5 asks of every module: the default methods, `stats-clear` as an
 * event, the shutdown request, and the reports of its state.
 */
export class ModuleRunner {
  readonly #identity: ModuleIdentity;
  readonly #counters = new MessageCounters();
  readonly #debug = new DebugFlags();
  readonly #stopping = new AbortController();
  readonly #listeners: ((config: JsonObject) => void | Promise<void>)[] = [];
  readonly #handlers: (() => void)[] = [];
  #flux: Flux | undefined;
  #rank = 0;
  #config: JsonObject = {};
  /** Why it ended: undefined until then, and when it ended well. */
  #failure: FluxError | undefined;

  constructor(identity: ModuleIdentity) {
    this.#identity = identity;
  }

  /** Options of the handle that `run` takes. */
  get fluxOptions(): FluxOptions {
    return {
      appname: this.#identity.name,
      procid: String(process.pid),
      onLog: (level, text) => this.#log(level, text),
      onStatus: (status, reason) => {
        if (status === "closed") this.end(reason);
      },
      trace: (direction, message) => count(this.#counters[direction], message),
    };
  }

  /**
   * Runs the module that `load` gives until it is told to end or fails, and ends what its `start` returned.
   * @returns why it failed; undefined when it ended well.
   */
  async run(
    flux: Flux,
    { rank, config }: ModuleSurroundings,
    load: () => Promise<ModuleDefinition>,
  ): Promise<FluxError | undefined> {
    this.#flux = flux;
    this.#rank = rank;
    this.#config = config;
    this.#serve(answeredAtOnce(this.#defaults()));
    this.#clearOnEvent(flux);
    try {
      const definition = await load();
      const stop = await definition.start(this.#context(flux));
      await flux.call("module.status", { status: RUNNING }, { noResponse: true });
      await aborted(this.#stopping.signal);
      if (this.#failure !== undefined)
        this.#log("crit", `module exiting abnormally: ${this.#failure.message}`);
      // Nothing is served by what is about to end.
      for (const forget of this.#handlers.splice(0)) forget();
      await stopModule(stop);
    } catch (thrown) {
      // What is no FluxError is a fault of the program: the log has where it happened.
      if (!FluxError.is(thrown)) this.#log("err", describeThrown(thrown));
      this.#failure ??= FluxError.from(thrown);
      this.#stopping.abort();
    }
    return this.#failure;
  }

  /** Tells the broker that the module ends, and why, and closes the handle. */
  async finalize(flux: Flux, failure: FluxError | undefined): Promise<void> {
    try {
      await flux.call("module.status", { status: FINALIZING }, { timeoutMs: FINALIZE_MS });
      const errnum = failure?.errno ?? 0;
      const report = failure === undefined ? {} : { errstr: failure.message };
      await flux.call("module.status", { status: EXITED, errnum, ...report }, { noResponse: true });
    } catch {
      // The broker is gone: nobody is left to tell.
    }
    await flux.close();
  }

  /** Ends the module: well, or because of what was thrown. */
  end(thrown: unknown): void {
    if (this.#stopping.signal.aborted) return;
    if (thrown !== undefined) this.#failure = FluxError.from(thrown);
    this.#stopping.abort();
  }

  #context(flux: Flux): ModuleContext {
    const { name, args } = this.#identity;
    const config = (): JsonObject => this.#config;
    return {
      flux,
      name,
      args,
      rank: this.#rank,
      get config() {
        return config();
      },
      debug: this.#debug,
      signal: this.#stopping.signal,
      serve: (methods) => this.#serve(methods),
      onConfig: (listener) => {
        this.#listeners.push(listener);
      },
      log: (level, text) => this.#log(level, text),
      exit: (error) => this.end(error),
    };
  }

  #defaults(): Methods {
    const { uuid } = this.#identity;
    const { tx, rx } = this.#counters;
    const reconfigure = async (config: JsonObject): Promise<void> => {
      for (const listener of this.#listeners) await listener(config);
      this.#config = config;
    };
    return {
      ...defaultMethods({ rank: this.#rank, uuid, tx, rx, debug: this.#debug, reconfigure }),
      shutdown: {
        request: (request) => {
          request.respond();
          this.end(undefined);
        },
      },
    };
  }

  #serve(methods: Methods): void {
    for (const [method, definition] of Object.entries(methods)) {
      const { handler, options } = handlerOf(definition);
      this.#handlers.push(this.#flux!.handle(`${this.#identity.name}.${method}`, handler, options));
    }
  }

  #clearOnEvent(flux: Flux): void {
    const topic = `${this.#identity.name}.stats-clear`;
    const subscription = flux.subscribe(topic);
    const listen = async (): Promise<void> => {
      for await (const event of subscription) if (event.topic === topic) this.#counters.clear();
    };
    // It ends with the connection, which is reported elsewhere.
    listen().catch(() => {});
  }

  #log(level: LogLevel, text: string): void {
    this.#flux?.log(level, text).catch(() => {});
  }
}

function count(counters: TypeCounters, { type }: Message): void {
  if (type === MessageType.REQUEST) counters.request++;
  else if (type === MessageType.RESPONSE) counters.response++;
  else if (type === MessageType.EVENT) counters.event++;
  else counters.control++;
}
