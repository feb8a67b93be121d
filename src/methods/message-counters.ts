/** Messages by type, as stats-get shows them. */
export interface TypeCounters {
  request: number;
  response: number;
  event: number;
  control: number;
}

/** Messages sent and received by a service or a module. Source: flux_get_msgcounters in flux-core. */
export class MessageCounters {
  readonly tx: TypeCounters = { request: 0, response: 0, event: 0, control: 0 };
  readonly rx: TypeCounters = { request: 0, response: 0, event: 0, control: 0 };

  /** Counts from 0 again. */
  clear(): void {
    clearCounters(this.tx);
    clearCounters(this.rx);
  }
}

/** Sets all of `counters` to 0. */
export function clearCounters(counters: TypeCounters): void {
  counters.request = 0;
  counters.response = 0;
  counters.event = 0;
  counters.control = 0;
}
