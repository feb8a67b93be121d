import {
  describeThrown,
  encodeLogRecord,
  guarded,
  type LogCause,
  type LogLevel,
  LogSummary,
  logLines,
  logTimestamp,
} from "../client/index.ts";
import type { AttributeTable } from "./attribute-table.ts";
import type { BrokerOptions } from "./broker-options.ts";
import { LogBuffer } from "./log-buffer.ts";
import { readLogSettings } from "./log-settings.ts";

export interface BrokerLogOptions extends Pick<BrokerOptions, "printLog" | "onLog" | "logSummaryMs"> {
  readonly rank: number;
  /** User id of the instance owner. */
  readonly owner: number;
  readonly attributes: AttributeTable;
  /** Sends a record to the parent, if there is one. */
  readonly forward: (record: Uint8Array) => void;
}

/**
 * What a broker itself logs. Lines that others cause are counted when they are many: those of the owner's programs apart from
 * those of all others, so that the latter cannot use up what the former may write.
 *
 * Owner: the broker. Ends with `close`.
 */
export class BrokerLog {
  readonly buffer: LogBuffer;
  readonly #rank: number;
  readonly #owner: number;
  readonly #ofOwner: LogSummary;
  readonly #ofOthers: LogSummary;

  /** @throws FluxError as readLogSettings and LogBuffer do */
  constructor({ rank, owner, attributes, forward, ...options }: BrokerLogOptions) {
    const settings = readLogSettings(attributes, rank);
    this.#rank = rank;
    this.#owner = owner;
    this.buffer = new LogBuffer({
      rank,
      settings,
      forward,
      print: options.printLog,
      onRecord: guarded(options.onLog, (thrown) =>
        console.warn(`fluxbus: onLog failed: ${describeThrown(thrown)}`),
      ),
    });
    const summary = {
      intervalMs: options.logSummaryMs,
      write: (level: LogLevel, text: string, appname?: string) => this.#write(level, text, appname),
    };
    this.#ofOwner = new LogSummary(summary);
    this.#ofOthers = new LogSummary(summary);
    if (settings.syslog) this.log("warning", "log-syslog-enable: syslog is not supported");
  }

  /** Appends lines as the broker's own, or under another name. With a `cause` they may be counted instead: see LogSummary. */
  log(level: LogLevel, message: string, appname?: string, cause?: LogCause): void {
    if (cause === undefined) this.#write(level, message, appname);
    else {
      const summary = cause.userid === this.#owner ? this.#ofOwner : this.#ofOthers;
      summary.report(level, message, cause, appname);
    }
  }

  /** Writes what was counted, and closes the file. */
  close(): void {
    this.#ofOwner.close();
    this.#ofOthers.close();
    this.buffer.close();
  }

  #write(level: LogLevel, message: string, appname = "broker"): void {
    const procid = String(process.pid);
    const head = { level, timestamp: logTimestamp(), rank: this.#rank, appname, procid };
    for (const line of logLines(message)) this.buffer.append(encodeLogRecord({ ...head, message: line }));
  }
}
