import {
  faultReport,
  type JsonLimits,
  type Ledger,
  type Log,
  type Methods,
  type Reply,
} from "../client/index.ts";
import type { Message } from "../message/index.ts";
import { BuiltinService } from "./builtin-service.ts";
import type { ModuleHost } from "./module-host.ts";
import type { Router } from "./router.ts";

export interface BuiltinsOptions {
  readonly router: Router;
  readonly modules: ModuleHost;
  /** Sends a response as the broker's own. */
  readonly respond: (response: Message) => void;
  readonly log: Log;
  /** Largest JSON that the services parse. */
  readonly limits?: JsonLimits | undefined;
  /** Charges the senders of the requests that they keep. */
  readonly ledger?: Ledger | undefined;
}

/** Services that are modules of flux-core's broker. */
const MODULES: ReadonlySet<string> = new Set(["config", "connector-local", "groups", "overlay", "rexec"]);

/** The services inside a broker. Owner: the broker. Ends with `stop`. */
export class Builtins {
  readonly #options: BuiltinsOptions;
  readonly #services: BuiltinService[] = [];

  constructor(options: BuiltinsOptions) {
    this.#options = options;
  }

  /** Registers a service: see Broker.addService. */
  add(name: string, methods: Methods): void {
    this.#options.router.addBuiltin(this.open(name, methods));
  }

  /** As `add`, for who registers it otherwise. */
  open(name: string, methods: Methods): BuiltinService {
    const { router, modules, respond, log, limits, ledger } = this.#options;
    const module = MODULES.has(name) ? modules.addBuiltin(name) : undefined;
    const served = module === undefined ? methods : modules.methodsOf(module, methods);
    const reply: Reply = {
      send: (response) => {
        const error = router.ingress.checkSize(response);
        if (error !== undefined) throw error;
        module?.sent(response);
        respond(response);
      },
      writable: (request) => router.writable(request),
    };
    const fault = (topic: string, thrown: unknown) => log("err", ...faultReport(topic, thrown));
    const service = new BuiltinService(name, served, { reply, fault, module, limits, ledger });
    this.#services.push(service);
    return service;
  }

  /** The topics of all methods. */
  get topics(): string[] {
    return this.#services.flatMap(({ topics }) => topics);
  }

  /** Requests that wait for their answers. */
  get active(): number {
    return this.#services.reduce((sum, { active }) => sum + active, 0);
  }

  /** The broker stops: open requests are told. */
  stop(): void {
    for (const service of this.#services) service.stop();
  }
}
