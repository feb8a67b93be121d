import type { Flux } from "../client/index.ts";
import { type ConnectOptions, connect } from "../connect/index.ts";

/** An instance for tests, whatever broker it has: where it is, handles that end with it, and its end. */
export abstract class ConnectedInstance implements AsyncDisposable {
  /** What `connect` and FLUX_URI take, in this process or another: rank 0. */
  readonly uri: string;
  readonly #handles = new Set<Flux>();

  protected constructor(uri: string) {
    this.uri = uri;
  }

  /** A handle over the socket; closed with the instance. The environment has no say unless it is given. */
  async connect(options: ConnectOptions = {}): Promise<Flux> {
    return this.open(this.uri, options);
  }

  /** Ends the broker under the handles that are open: they lose their connection. */
  abstract halt(): Promise<void>;

  /** Closes the handles, then ends the broker and removes what it leaves behind. May be called again. */
  async stop(): Promise<void> {
    await Promise.all([...this.#handles].map((flux) => flux.close()));
    await this.halt();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** A handle over one of its sockets; closed with the instance. */
  protected async open(uri: string, options: ConnectOptions): Promise<Flux> {
    const flux = await connect(uri, { env: {}, ...options });
    this.#handles.add(flux);
    return flux;
  }
}
