import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Broker, type BrokerOptions } from "../broker/index.ts";
import type { Flux } from "../client/index.ts";
import { type ConnectOptions, connect } from "../connect/index.ts";

/** Options of a test instance: those of its broker but for the place of the socket. */
export type TestInstanceOptions = Omit<BrokerOptions, "socketPath">;

/** A Flux instance inside the test process: a broker with a real socket in a temporary folder. */
export class TestInstance implements AsyncDisposable {
  readonly broker: Broker;
  /** What `connect` and FLUX_URI take, in this process or another. */
  readonly uri: string;
  readonly #directory: string;
  readonly #handles = new Set<Flux>();

  private constructor(broker: Broker, directory: string) {
    this.broker = broker;
    this.uri = broker.uri!;
    this.#directory = directory;
  }

  /** Starts an instance; `await using` ends it with the test. */
  static async start(options: TestInstanceOptions = {}): Promise<TestInstance> {
    const directory = await mkdtemp(join(tmpdir(), "flux-"));
    const broker = await Broker.start({ ...options, socketPath: join(directory, "local-0") });
    return new TestInstance(broker, directory);
  }

  /** A handle over the socket; closed with the instance. */
  async connect(options: ConnectOptions = {}): Promise<Flux> {
    const flux = await connect(this.uri, { env: {}, ...options });
    this.#handles.add(flux);
    return flux;
  }

  /** Closes the handles, stops the broker and removes the folder. */
  async stop(): Promise<void> {
    await Promise.all([...this.#handles].map((flux) => flux.close()));
    await this.broker.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
