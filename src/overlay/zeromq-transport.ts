import { FluxError } from "../base/index.ts";
import type { ChildServer, ConnectOptions, ListenOptions, ParentLink, TreeTransport } from "./transport.ts";
import { loadZeroMq, returnContext, takeContext, type ZeroMqContext, type ZeroMqModule } from "./zeromq.ts";
import { ZeroMqChildServer } from "./zeromq-child-server.ts";
import { type ZeroMqSettings, type ZeroMqTransportOptions, zeroMqSettings } from "./zeromq-options.ts";
import { ZeroMqParentLink } from "./zeromq-parent-link.ts";

/**
 * The tree over ZeroMQ, as flux-core's brokers speak it: one ROUTER for the children, one DEALER to the parent, CURVE always. It has a context
 * of its own, so several live in one process.
 * Source: overlay.c, children.c and parent.c in flux-core.
 */
export class ZeroMqTransport implements TreeTransport {
  readonly publicKey: string;
  readonly #zeromq: ZeroMqModule;
  readonly #context: ZeroMqContext;
  readonly #settings: ZeroMqSettings;
  #listening: Promise<ZeroMqChildServer> | undefined;
  #link: ZeroMqParentLink | undefined;
  #closing: Promise<void> | undefined;

  private constructor(zeromq: ZeroMqModule, settings: ZeroMqSettings) {
    this.#zeromq = zeromq;
    this.#settings = settings;
    this.#context = takeContext(zeromq, settings.ioThreads);
    this.publicKey = settings.keys.publicKey;
  }

  /**
   * Loads ZeroMQ; no socket is opened before `listen` and `connect`.
   * @throws FluxError ENOSYS where ZeroMQ is not to be had.
   */
  static async open(options: ZeroMqTransportOptions = {}): Promise<ZeroMqTransport> {
    return new ZeroMqTransport(await loadZeroMq(), zeroMqSettings(options));
  }

  /** Loads ZeroMQ ahead of `open`. Throws ENOSYS as that does. */
  static async load(): Promise<void> {
    await loadZeroMq();
  }

  async listen(options: ListenOptions): Promise<ChildServer> {
    this.#checkOpen(this.#listening, "listens");
    if (options.uris.length === 0) throw new FluxError("EINVAL", "no URI to listen at");
    this.#listening = ZeroMqChildServer.open(this.#zeromq, this.#context, this.#settings, options);
    return await this.#listening;
  }

  connect(options: ConnectOptions): ParentLink {
    this.#checkOpen(this.#link, "has a parent");
    this.#link = new ZeroMqParentLink(this.#zeromq, this.#context, this.#settings, options);
    return this.#link;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #checkOpen(used: unknown, what: string): void {
    if (this.#closing !== undefined) throw new FluxError("EINVAL", "the transport is closed");
    if (used !== undefined) throw new FluxError("EINVAL", `the transport ${what} already`);
  }

  async #close(): Promise<void> {
    await this.#link?.close();
    const server = await this.#listening?.catch(() => undefined);
    await server?.close();
    returnContext(this.#context, this.#settings.ioThreads);
  }
}
