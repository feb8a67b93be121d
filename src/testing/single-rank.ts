import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FluxError } from "../base/index.ts";
import { Broker } from "../broker/index.ts";
import { removeTree } from "../system/index.ts";
import type { TestInstanceOptions, TestRanks } from "./test-instance.ts";

/** A broker by itself, without a life cycle. */
export class SingleRank implements TestRanks {
  readonly brokers: readonly Broker[];
  readonly #directory: string;

  private constructor(broker: Broker, directory: string) {
    this.brokers = [broker];
    this.#directory = directory;
  }

  static async start(options: TestInstanceOptions): Promise<SingleRank> {
    const directory = await mkdtemp(join(tmpdir(), "flux-"));
    const broker = await Broker.start({ ...options, socketPath: join(directory, "local-0") });
    return new SingleRank(broker, directory);
  }

  async crash(rank: number): Promise<void> {
    if (rank !== 0) throw new FluxError("EINVAL", `there is no rank ${rank}`);
    await this.stop();
  }

  async restart(): Promise<void> {
    throw new FluxError("EINVAL", "an instance does not go on behind its rank 0");
  }

  async stop(): Promise<void> {
    await this.brokers[0]!.stop();
    await removeTree(this.#directory);
  }
}
