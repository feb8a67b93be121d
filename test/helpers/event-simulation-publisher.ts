import { FluxError } from "../../src/base/index.ts";
import type { Flux } from "../../src/client/index.ts";
import { Role } from "../../src/message/index.ts";
import type { Chance } from "./event-simulation-chance.ts";
import { type PublisherPlan, TOPICS } from "./event-simulation-plan.ts";
import { sleep } from "./event-simulation-subscriber.ts";
import type { Run, SimulatedTree } from "./event-simulation-tree.ts";

/** Longest wait for a confirmation. */
const CONFIRM_MS = 20_000;

export interface PublisherOptions {
  readonly name: string;
  readonly plan: PublisherPlan;
  readonly tree: SimulatedTree;
  readonly chance: Chance;
  readonly fault: (text: string) => void;
}

/** A program at a rank that publishes, with and without confirmation, whenever its rank is up. */
export class SimulatedPublisher {
  readonly #options: PublisherOptions;
  #count = 0;
  confirmed = 0;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /** Publishes until `until`; resolves when no confirmation is awaited any more. */
  async publish(until: number): Promise<void> {
    const { plan, chance, tree } = this.#options;
    const waiting: Promise<void>[] = [];
    let flux: Flux | undefined;
    let run: Run | undefined;
    while (Date.now() < until && this.#count < plan.most) {
      await sleep(chance.below(plan.everyMs));
      const present = tree.run(plan.rank);
      if (present !== run) {
        await flux?.close();
        run = present;
        flux = run?.broker.connect(
          plan.guest === undefined ? {} : { userid: plan.guest, rolemask: Role.USER },
        );
      }
      if (flux?.status !== "connected") continue;
      const count = chance.between(1, plan.burst);
      for (let i = 0; i < count; i++) waiting.push(this.#publishOne(flux));
    }
    await Promise.all(waiting);
    await flux?.close();
  }

  async #publishOne(flux: Flux): Promise<void> {
    const { plan, chance, tree, fault, name } = this.#options;
    const topic = chance.pick(TOPICS);
    const id = new TextEncoder().encode(`${name}-${this.#count++}`);
    const secret = chance.happens(plan.secret);
    if (!chance.happens(plan.confirmed)) {
      flux.sendEvent(flux.encodeEvent(topic, id, { private: secret }));
      return;
    }
    try {
      const { seq } = await flux.publishRaw(topic, id, { private: secret, timeoutMs: CONFIRM_MS });
      this.confirmed++;
      const published = tree.record.named(new TextDecoder().decode(id));
      if (published?.seq !== seq) fault(`${name}: confirmed as ${seq}, and is ${published?.seq}`);
    } catch (error) {
      const { code } = FluxError.from(error);
      if (!["ECONNRESET", "EHOSTUNREACH", "ETIMEDOUT"].includes(code)) fault(`${name}: ${error}`);
    }
  }
}
