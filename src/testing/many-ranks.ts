import { FluxError } from "../base/index.ts";
import type { Broker } from "../broker/index.ts";
import { ConfigStore } from "../config/index.ts";
import { InProcessInstance } from "../instance/index.ts";
import type { TestInstanceOptions, TestRanks } from "./test-instance.ts";

/** Brokers in a tree, with their lives. */
export class ManyRanks implements TestRanks {
  readonly #instance: InProcessInstance;

  private constructor(instance: InProcessInstance) {
    this.#instance = instance;
  }

  static async start(options: TestInstanceOptions): Promise<ManyRanks> {
    const { config } = options;
    if (config !== undefined && !(config instanceof ConfigStore))
      throw new FluxError("EINVAL", "the configuration of many ranks is a ConfigStore");
    const instance = await InProcessInstance.start({
      ...options,
      config,
      printLog: options.printLog ?? (() => {}),
      // The instance around the test has no say.
      env: { ...process.env, FLUX_URI: undefined },
    });
    await instance.running();
    return new ManyRanks(instance);
  }

  get brokers(): readonly Broker[] {
    return this.#instance.ranks.map(({ broker }) => broker);
  }

  crash(rank: number): Promise<void> {
    return this.#instance.crash(rank);
  }

  async restart(rank: number): Promise<void> {
    await this.#instance.restart(rank);
    await this.#instance.running();
  }

  stop(): Promise<void> {
    return this.#instance.stop();
  }
}
