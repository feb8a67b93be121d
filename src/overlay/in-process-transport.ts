import { randomBytes } from "node:crypto";
import { encodeZ85, FluxError } from "../base/index.ts";
import { isCurveKey } from "./curve-keys.ts";
import { InProcessLink } from "./in-process-link.ts";
import type { InProcessNetwork } from "./in-process-network.ts";
import { InProcessServer } from "./in-process-server.ts";
import type {
  ChildServer,
  ConnectOptions,
  ListenOptions,
  ParentLink,
  TransportStats,
  TreeTransport,
} from "./transport.ts";
import type { TransportLog } from "./transport-log.ts";
import { DEFAULT_MAX_QUEUED_BYTES } from "./zeromq-options.ts";

export interface InProcessTransportOptions {
  /** The name that stands for its keys, in Z85 text of 40 characters; default a new one. */
  readonly publicKey?: string | undefined;
  /** Most bytes that wait for one peer; default 256 MiB. One message may be larger when no other waits. */
  readonly maxQueuedBytes?: number | undefined;
  /** Takes lines for the log; default nobody. */
  readonly log?: TransportLog | undefined;
}

/** What a broker and its neighbours have sent each other: see TransportStats. */
export type Traffic = Pick<TransportStats, "sent" | "received" | "sentBytes" | "receivedBytes">;

/**
 * The tree within a process: the frames go from one broker to the other as they are. Who is let in is decided as over ZeroMQ, by keys that are
 * names only: there is nothing to encrypt.
 */
export class InProcessTransport implements TreeTransport {
  readonly publicKey: string;
  readonly #network: InProcessNetwork;
  readonly #maxBytes: number;
  readonly #log: TransportLog;
  #server: InProcessServer | undefined;
  #link: InProcessLink | undefined;
  #closed = false;

  constructor(network: InProcessNetwork, options: InProcessTransportOptions = {}) {
    this.publicKey = options.publicKey ?? encodeZ85(randomBytes(32));
    this.#network = network;
    this.#maxBytes = options.maxQueuedBytes ?? DEFAULT_MAX_QUEUED_BYTES;
    this.#log = options.log ?? (() => {});
  }

  async listen(options: ListenOptions): Promise<ChildServer> {
    this.#checkOpen(this.#server, "listens");
    if (options.uris.length === 0) throw new FluxError("EINVAL", "no URI to listen at");
    options.uris.forEach(checkUri);
    const { publicKey } = this;
    const server = new InProcessServer(this.#network, publicKey, this.#maxBytes, options, this.#log);
    this.#network.bind(server);
    this.#server = server;
    return server;
  }

  connect(options: ConnectOptions): ParentLink {
    this.#checkOpen(this.#link, "has a parent");
    const { uri, serverKey } = options;
    if (!isCurveKey(serverKey)) throw new FluxError("EINVAL", `${uri}: not a public key: ${serverKey}`);
    checkUri(uri);
    this.#link = new InProcessLink(this.#network, this.publicKey, this.#maxBytes, options, this.#log);
    this.#network.connect(this.#link);
    return this.#link;
  }

  /** Counters of the server and the link together. */
  get traffic(): Traffic {
    const all = [this.#server?.stats, this.#link?.stats];
    const sum = (name: keyof Traffic): number =>
      all.reduce((total, stats) => total + (stats?.[name] ?? 0), 0);
    return {
      sent: sum("sent"),
      received: sum("received"),
      sentBytes: sum("sentBytes"),
      receivedBytes: sum("receivedBytes"),
    };
  }

  /** Ends at once, as the end of its process would: what waits is lost, and the neighbours hear that nobody is there. */
  sever(): void {
    this.#closed = true;
    this.#link?.sever();
    this.#server?.sever();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#link?.disconnect();
    await this.#server?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #checkOpen(used: unknown, what: string): void {
    if (this.#closed) throw new FluxError("EINVAL", "the transport is closed");
    if (used !== undefined) throw new FluxError("EINVAL", `the transport ${what} already`);
  }
}

function checkUri(uri: string): void {
  if (!/^inproc:\/\/./.test(uri)) throw new FluxError("EINVAL", `${uri}: not a place in this process`);
}
