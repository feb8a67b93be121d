/** How many compiled formats are kept by default. A program has about one for each place that packs or unpacks. */
const DEFAULT_LIMIT = 1000;

/** Keeps what was compiled from a format, up to `limit` formats; then the oldest makes room. */
export class PlanCache<Plan> {
  readonly #compile: (format: string) => Plan;
  readonly #limit: number;
  readonly #plans = new Map<string, Plan>();

  constructor(compile: (format: string) => Plan, limit = DEFAULT_LIMIT) {
    this.#compile = compile;
    this.#limit = limit;
  }

  /** The plan of `format`, compiled on first use. What the compiler throws is passed on and not kept. */
  get(format: string): Plan {
    const known = this.#plans.get(format);
    if (known !== undefined) return known;
    const plan = this.#compile(format);
    if (this.#plans.size >= this.#limit) {
      for (const oldest of this.#plans.keys()) {
        this.#plans.delete(oldest);
        break;
      }
    }
    this.#plans.set(format, plan);
    return plan;
  }
}
