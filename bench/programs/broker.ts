/** A fluxbus broker in a process of its own. */
import { answerParent } from "../control/child.ts";
import { loadBroker } from "../product.ts";

answerParent({
  async open({ socketPath }: { readonly socketPath: string }) {
    const { Broker } = await loadBroker();
    return (await Broker.start({ socketPath })).uri;
  },
});
