import { hostname } from "node:os";
import { type AttributeTable, earlyLogLine } from "../broker/index.ts";
import { type LogLevel, logLines, logTimestamp } from "../client/index.ts";

/**
 * The log of a broker that is not there yet: its lines go to standard error by `log-stderr-level` and `log-stderr-mode` alone, with the
 * name of the host where the rank will stand. Source: flux-broker(1), LOGGING; log.c in flux-core.
 */
export class StderrLog {
  readonly #attributes: AttributeTable;
  readonly #print: (line: string) => void;

  constructor(attributes: AttributeTable, print: (line: string) => void) {
    this.#attributes = attributes;
    this.#print = print;
  }

  log(level: LogLevel, message: string): void {
    const head = {
      level,
      timestamp: logTimestamp(),
      rank: Number.NaN,
      hostname: this.#attributes.get("hostname") ?? hostname(),
      appname: "broker",
      procid: String(process.pid),
    };
    for (const line of logLines(message)) {
      const text = earlyLogLine({ ...head, message: line }, this.#attributes);
      if (text !== undefined) this.#print(text);
    }
  }
}
