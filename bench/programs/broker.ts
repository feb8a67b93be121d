/** A fluxbus broker in a process of its own. */
import { answerParent } from "../control/child.ts";
import { loadBroker } from "../product.ts";
import type { KeptEvents } from "../rig.ts";

interface BrokerOrder {
  readonly socketPath: string;
  /** Which events it keeps: undefined for what it keeps by itself. */
  readonly events?: KeptEvents | undefined;
}

answerParent({
  async open({ socketPath, events }: BrokerOrder) {
    const { Broker, openDiskLog } = await loadBroker();
    const disk =
      events === "disk"
        ? await openDiskLog({ folder: `${socketPath}.events`, now: () => Date.now() })
        : undefined;
    return (await Broker.start({ socketPath, events: events === "none" ? null : { disk } })).uri;
  },
});
