import { FluxError } from "../../src/base/index.ts";
import { BOOT_MS, type BrokerProcesses } from "./broker-processes.ts";
import { until } from "./until.ts";

/** Longest wait for a rank that may be gone, in milliseconds: a message to one that has just died may be taken and lost. */
const ANSWER_MS = 500;

/** Resolves when rank 0 is told that a rank which has ended can't be reached. What is sent to it is what lets its parent find out. */
export async function missed(brokers: BrokerProcesses, rank: number): Promise<void> {
  await using leader = await brokers.connect(0);
  const isMissed = async (): Promise<boolean> => {
    try {
      await leader.rpc("broker.ping", {}, { nodeid: rank, timeoutMs: ANSWER_MS });
      return false;
    } catch (error) {
      if (FluxError.is(error, "ETIMEDOUT")) return false;
      if (FluxError.is(error, "EHOSTUNREACH")) return true;
      throw error;
    }
  };
  await until(isMissed, `rank ${rank} is missed`, BOOT_MS);
}
