import { writeSync } from "node:fs";
import { FluxError } from "../base/index.ts";
import { openConfig } from "../config/index.ts";
import { Instance } from "../instance/index.ts";
import { ignoreErrorsOf } from "../system/index.ts";
import type { RankOrder, RankWord } from "./rank-order.ts";
import { StopRequest } from "./stop-request.ts";

/** Variables about the place of this process, which are nothing to what it starts. */
const OWN_PLACE = ["PMI_FD", "PMI_RANK", "PMI_SIZE"];

/**
 * A rank of a test instance, as a process that `fluxbus start` has started and ends with it: when standard input ends it stops. Resolves to its exit
 * status; it says itself why it can't start.
 */
export async function runRank(order: string): Promise<number> {
  ignoreErrorsOf(process.stdout, process.stderr);
  using stop = new StopRequest(true);
  let booting = true;
  void stop.requested.then(() => {
    // Nobody waits for one that has not joined; what it leaves behind is in the run directory.
    if (booting) process.exit(1);
  });
  try {
    const instance = await startRank(JSON.parse(order) as RankOrder);
    booting = false;
    void stop.requested.then(() => instance.stop());
    return await instance.exit;
  } catch (thrown) {
    const { errno, message } = FluxError.from(thrown);
    say({ error: { errno, message } });
    return 1;
  }
}

async function startRank({ options, configPath, conf }: RankOrder): Promise<Instance> {
  const path = configPath ?? process.env["FLUX_CONF_DIR"];
  const config = await openConfig({ path, updates: conf });
  const instance = await Instance.start({ ...options, config, boot: "environment" });
  const { rank } = instance.broker;
  process.title = `fluxbus-${rank}`;
  for (const name of OWN_PLACE) delete process.env[name];
  if (rank > 0) return instance;
  const look = (): void => {
    if (instance.state === "run") say({ uri: instance.uri });
  };
  look();
  instance.watch(look);
  return instance;
}

/** Says it at once: the process may end behind it. */
function say(word: RankWord): void {
  try {
    writeSync(process.stdout.fd, `${JSON.stringify(word)}\n`);
  } catch {
    // Who would hear it is gone, and standard input with it.
  }
}
