import { FluxError, type Scope } from "../base/index.ts";
import type { BrokerOptions } from "../broker/index.ts";
import { type LogLevel, LogSummary } from "../client/index.ts";
import { openDiskLog } from "../event-log/index.ts";
import type { EventLogSettings } from "../replay/index.ts";

export interface OpenEventLogOptions {
  readonly rank: number;
  readonly settings: EventLogSettings;
  /** What whoever starts the instance wants of its own: it comes before the settings. */
  readonly given: BrokerOptions["events"];
  readonly log: (level: LogLevel, text: string) => void;
}

/**
 * Opens what a rank keeps events in: on disk only at rank 0. `scope` closes it, which has to come behind the end of the broker.
 * @throws FluxError as openDiskLog does, `event-log.path: ` before its text.
 */
export async function openEventLog(
  { rank, settings, given, log }: OpenEventLogOptions,
  scope: Scope,
): Promise<BrokerOptions["events"]> {
  const { ring, path, disk: limits, sync } = settings;
  if (given === null || (given === undefined && ring === null)) return null;
  const events = { ring: ring ?? {}, ...given };
  if (rank > 0 || path === undefined || events.disk !== undefined) return events;
  try {
    // Whoever publishes faster than the disk writes brings notices about. They differ by their numbers.
    const summary = new LogSummary({ write: log });
    scope.defer(() => summary.close());
    const report = ({ level, text }: { level: LogLevel; text: string }): void =>
      summary.report(level, `event-log: ${text}`, { kind: `event-log: ${text.replace(/\d+/g, "N")}` });
    const disk = await openDiskLog({ folder: path, now: () => Date.now(), sync, limits, report });
    scope.defer(() => disk.close());
    return { sync, ...events, disk };
  } catch (error) {
    const { errno, message } = FluxError.from(error);
    throw new FluxError(errno, `event-log.path: ${message}`, { cause: error });
  }
}
