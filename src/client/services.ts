import { FluxError } from "../base/index.ts";
import type { RequestHandlers } from "./handlers.ts";
import type { LogLevel } from "./log-record.ts";
import type { Methods } from "./method.ts";
import { Service } from "./service.ts";

/** Wait before a name that is taken is tried for again, in milliseconds. */
const RECLAIM_MS = 250;

/** What the services need of their handle. */
export interface ServicesPort {
  readonly handlers: RequestHandlers;
  /** Sends service.add or service.remove; resolves when it is answered. */
  ask(method: "add" | "remove", name: string): Promise<void>;
  isConnected(): boolean;
  log(level: LogLevel, text: string): void;
}

/** The services of a handle: their names at the broker, and again at the next one after a reconnect. */
export class Services {
  readonly #port: ServicesPort;
  /** By name, from the moment they are asked for. */
  readonly #services = new Map<string, Service>();

  constructor(port: ServicesPort) {
    this.#port = port;
  }

  has(name: string): boolean {
    return this.#services.has(name);
  }

  /** Registers a service. Throws as `flux.serve` does; EEXIST also for a name this handle serves already. */
  async add(name: string, methods: Methods): Promise<Service> {
    if (this.#services.has(name)) throw new FluxError("EEXIST", `this handle serves '${name}' already`);
    const service = new Service(name, methods, {
      handlers: this.#port.handlers,
      remove: (closing) => this.#remove(closing),
    });
    this.#services.set(name, service);
    try {
      await this.#port.ask("add", name);
    } catch (error) {
      this.#services.delete(name);
      await service.close();
      throw nameError(error, name);
    }
    return service;
  }

  /**
   * Registers all names at a new connection. One that somebody else has taken is tried for again until it is free or its service is
   * closed; the connection does not wait for that.
   */
  async restore(): Promise<void> {
    await Promise.all([...this.#services.values()].map((service) => this.#reclaim(service, true)));
  }

  async #remove(service: Service): Promise<void> {
    if (this.#services.get(service.name) !== service) return;
    this.#services.delete(service.name);
    if (this.#port.isConnected()) await this.#port.ask("remove", service.name);
  }

  async #reclaim(service: Service, first: boolean): Promise<void> {
    const { name } = service;
    try {
      await this.#port.ask("add", name);
    } catch (error) {
      if (!FluxError.is(error) || error.code === "ECONNRESET") {
        if (first) throw error;
        return;
      }
      if (first) this.#port.log("err", `service '${name}' can't be registered again: ${error.message}`);
      if (error.code === "EEXIST") this.#reclaimLater(service);
    }
  }

  #reclaimLater(service: Service): void {
    const timer: { unref?: () => void } | number = setTimeout(() => {
      if (!this.#port.isConnected() || this.#services.get(service.name) !== service) return;
      this.#reclaim(service, false).catch(() => {});
    }, RECLAIM_MS);
    if (typeof timer === "object") timer.unref?.();
  }
}

/** The broker's answer names no service: this does. */
function nameError(error: unknown, name: string): unknown {
  if (!FluxError.is(error) || error.text !== undefined) return error;
  const texts: Record<string, string> = {
    EEXIST: `service '${name}' is registered already`,
    EINVAL: `'${name}' is no name for a service: one is not empty, has no dot and 255 bytes at most`,
    EPERM: `a guest's service has a name that begins with its user id and a dash, which '${name}' does not`,
  };
  return new FluxError(error.errno, texts[error.code], { topic: error.topic, cause: error });
}
