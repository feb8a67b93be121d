/** A subscriber that reads what a broker keeps, again and again. */
import type { Flux } from "../../src/doors/fluxbus.ts";
import { answerParent } from "../control/child.ts";
import { loadFluxbus } from "../product.ts";

const TOPIC = "bench.replay";
const PAYLOAD = new Uint8Array(64).fill(7);
/** Publications that are awaited together. */
const AT_ONCE = 256;

let flux: Flux;
/** The number before the first event of this program. */
let before = 0;

answerParent({
  /** Publishes the events that are read. */
  async open({ uri, events }: { readonly uri: string; readonly events: number }): Promise<void> {
    const { connect } = await loadFluxbus();
    flux = await connect(uri, { env: {} });
    before = (await flux.publishRaw(TOPIC, PAYLOAD)).seq;
    for (let published = 0; published < events; published += AT_ONCE) {
      const count = Math.min(AT_ONCE, events - published);
      await Promise.all(Array.from({ length: count }, () => flux.publishRaw(TOPIC, PAYLOAD)));
    }
  },

  /** Reads all of them, checks each, and tells how many seconds that took. */
  async read({ events }: { readonly events: number }): Promise<number> {
    let seq = before;
    const start = performance.now();
    for await (const event of flux.subscribe(TOPIC, { since: { seq: before } })) {
      seq++;
      if (event.seq !== seq || event.payload?.length !== PAYLOAD.length)
        throw new Error(`event ${event.seq} came where ${seq} was next`);
      if (seq === before + events) break;
    }
    return (performance.now() - start) / 1000;
  },
});
