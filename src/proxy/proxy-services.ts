import { FluxError, ownText } from "../base/index.ts";
import { type Message, TOPIC_MAX, textPayload, utf8Fits } from "../message/index.ts";
import type { ProxyClient } from "./proxy-client.ts";
import type { Upstream } from "./upstream.ts";

interface Registration {
  readonly client: ProxyClient;
  /** What asked for it; its sender's credentials are those it is registered with. */
  readonly request: Message;
  /** True once the broker has it. */
  live: boolean;
}

/** The services of a proxy's clients, registered at the broker under the proxy's name. Source: flux-core's librouter/servhash.c. */
export class ProxyServices {
  readonly #upstream: Upstream;
  readonly #registrations = new Map<string, Registration>();

  constructor(upstream: Upstream) {
    this.#upstream = upstream;
  }

  /** Whose service it is; undefined when nobody has it, or its client has left. */
  get(name: string): ProxyClient | undefined {
    const client = this.#registrations.get(name)?.client;
    return client?.gone === false ? client : undefined;
  }

  /** Registers a name. Throws EINVAL for one over 255 bytes, EEXIST when a client of this proxy has it or has asked for it, the broker's error otherwise. */
  async add(client: ProxyClient, request: Message, name: string): Promise<void> {
    if (!utf8Fits(name, TOPIC_MAX)) throw new FluxError("EINVAL");
    if (this.#registrations.has(name)) throw new FluxError("EEXIST");
    const registration = { client, request, live: false };
    this.#registrations.set(ownText(name), registration);
    try {
      await this.#ask("service.add", name, request);
      registration.live = true;
    } catch (error) {
      this.#forget(name, registration);
      throw error;
    }
    // Its client left before there was anything to take back.
    if (client.gone) await this.#release(name, registration);
  }

  /** Takes a name back. Throws ENOENT unless it is the client's. */
  async remove(client: ProxyClient, name: string): Promise<void> {
    const registration = this.#registrations.get(name);
    if (registration?.client !== client || !registration.live) throw new FluxError("ENOENT");
    await this.#release(name, registration);
  }

  /** Takes all names of a client back. */
  async removeAll(client: ProxyClient): Promise<void> {
    const own = [...this.#registrations].filter(([, entry]) => entry.client === client && entry.live);
    await Promise.all(own.map(([name, entry]) => this.#release(name, entry)));
  }

  /** Registers all names at a new connection; gives those that could not be, with the reason. */
  async restore(): Promise<[name: string, error: FluxError][]> {
    const failed: [string, FluxError][] = [];
    const live = [...this.#registrations].filter(([, entry]) => entry.live);
    await Promise.all(
      live.map(([name, registration]) =>
        this.#ask("service.add", name, registration.request).catch((error: unknown) => {
          this.#forget(name, registration);
          failed.push([name, FluxError.from(error)]);
        }),
      ),
    );
    return failed;
  }

  async #release(name: string, registration: Registration): Promise<void> {
    registration.live = false;
    try {
      await this.#ask("service.remove", name, registration.request);
    } finally {
      this.#forget(name, registration);
    }
  }

  #forget(name: string, registration: Registration): void {
    if (this.#registrations.get(name) === registration) this.#registrations.delete(name);
  }

  #ask(topic: string, service: string, request: Message): Promise<void> {
    return this.#upstream.ask(topic, textPayload(JSON.stringify({ service })), request);
  }
}
