import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Broker, type BrokerOptions } from "../broker/index.ts";
import { ConnectedInstance } from "./connected-instance.ts";

/** Options of a test instance: those of its broker but for the place of the socket. */
export type TestInstanceOptions = Omit<BrokerOptions, "socketPath">;

/** A Flux instance inside the test process: a broker with a real socket in a temporary folder. */
export class TestInstance extends ConnectedInstance {
  readonly broker: Broker;
  readonly #directory: string;

  private constructor(broker: Broker, directory: string) {
    super(broker.uri!);
    this.broker = broker;
    this.#directory = directory;
  }

  /** Starts an instance; `await using` ends it with the test. */
  static async start(options: TestInstanceOptions = {}): Promise<TestInstance> {
    const directory = await mkdtemp(join(tmpdir(), "flux-"));
    const broker = await Broker.start({ ...options, socketPath: join(directory, "local-0") });
    return new TestInstance(broker, directory);
  }

  /** Stops the broker and removes the folder. */
  async halt(): Promise<void> {
    await this.broker.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
