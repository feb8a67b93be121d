import { decodeLatin1, decodeUtf8, FluxError, printable, printableBytes } from "../base/index.ts";
import {
  encodeLogRecord,
  type LogHeader,
  type LogRecord,
  logTimestamp,
  parseLogHeader,
  parseLogRecord,
  trimLineEnds,
} from "../client/index.ts";
import { cutRecord } from "./log-cut.ts";
import { LogFile } from "./log-file.ts";
import { LogFollower } from "./log-follower.ts";
import { formatLogLine, type LogLineStyle } from "./log-line.ts";
import { LogRing } from "./log-ring.ts";
import { type LogSettings, parseLogLevel } from "./log-settings.ts";

export interface LogBufferOptions {
  /** Rank of the broker: only records of its own clients are kept. */
  readonly rank: number;
  readonly settings: LogSettings;
  /** Writes a line on standard error; undefined nowhere. */
  readonly print?: ((line: string) => void) | undefined;
  /** Sends a record towards rank 0; brokers of other ranks have it. */
  readonly forward?: ((record: Uint8Array) => void) | undefined;
  /** Takes each record as it comes, whatever its level and rank. */
  readonly onRecord?: ((record: LogRecord) => void) | undefined;
}

/** Severity of what is no record: info. */
const UNSTRUCTURED = 6;

/** Bytes that wait for a follower who does not keep up, at least. */
export const FOLLOW_BYTES = 16 * 1024 * 1024;

/**
 * The log of a broker: each record goes by its rank and severity into the ring, to standard error, into the file, and towards rank 0.
 * Records are kept as the bytes they come as, UTF-8 or not, up to their longest length. Where they become lines, on standard error and in
 * the file, control characters in them become escapes: a record is one line, and does nothing to a terminal. Source: log.c in flux-core, flux-broker-attributes(7).
 *
 * Owner: the broker. `close` closes the file.
 */
export class LogBuffer {
  readonly ring: LogRing;
  /** Records so far: of this rank, of others (or no records at all), and those that followers did not get. */
  readonly counts = { local: 0, remote: 0, dropped: 0 };
  readonly #options: LogBufferOptions;
  readonly #file: LogFile | undefined;
  #stderrLevel: number;

  /** @throws FluxError of the system when the file of the settings can't be opened */
  constructor(options: LogBufferOptions) {
    const { rank, settings } = options;
    this.#options = options;
    this.#stderrLevel = settings.stderrLevel;
    this.ring = new LogRing(settings.ringSize, settings.ringBytes);
    this.#file = rank === 0 && settings.filename !== undefined ? new LogFile(settings.filename) : undefined;
  }

  /** Takes the bytes of a record, up to a NUL and to the longest length of one. */
  append(bytes: Uint8Array): void {
    const record = cutRecord(bytes, this.#options.settings.recordBytes);
    const text = decodeLatin1(record);
    const header = parseLogHeader(text);
    const { rank, settings, forward } = this.#options;
    const severity = header?.severity ?? UNSTRUCTURED;
    const local = header !== undefined && rankOf(header.hostname) === rank;
    const byItself =
      severity <= settings.criticalLevel ||
      (severity <= this.#stderrLevel && settings.stderrMode === "local");
    const byLeader = rank === 0 && severity <= this.#stderrLevel && settings.stderrMode === "leader";

    if (local) {
      this.counts.local++;
      if (severity <= settings.level) this.ring.append(new Uint8Array(record));
    } else this.counts.remote++;
    if (local && byItself) {
      this.#print(text, header, settings.stderrMode === "local" ? "systemd" : "dated");
    } else if (byLeader) this.#print(text, header, "dated");
    if (rank !== 0 && severity <= settings.forwardLevel) forward?.(record);
    this.#store(text, header);
    this.#tell(record);
  }

  /** Takes a new value of `log-stderr-level`. Throws EINVAL for what is no level. */
  setStderrLevel(text: string): void {
    const level = parseLogLevel(text);
    if (level === undefined) throw new FluxError("EINVAL", "invalid level");
    this.#stderrLevel = level;
  }

  /** Where records wait for a follower who does not keep up: all that the ring holds, and as much again. */
  follower(): LogFollower {
    const { rank, settings } = this.#options;
    const head = { level: "warning", rank, appname: "broker", procid: String(process.pid) } as const;
    return new LogFollower(Math.max(FOLLOW_BYTES, 2 * settings.ringBytes), (count) => {
      this.counts.dropped += count;
      const message = `${count} records are left out here: this reader of the log does not keep up`;
      return encodeLogRecord({ ...head, timestamp: logTimestamp(), message });
    });
  }

  close(): void {
    this.#file?.close();
  }

  #print(text: string, header: LogHeader | undefined, style: LogLineStyle): void {
    const { print } = this.#options;
    if (print !== undefined) print(printable(decodeUtf8(Buffer.from(lineOf(text, header, style), "latin1"))));
  }

  #store(text: string, header: LogHeader | undefined): void {
    if (this.#file === undefined) return;
    const notice = this.#file.append(
      Buffer.from(`${printableBytes(lineOf(text, header, "dated"))}\n`, "latin1"),
    );
    if (notice !== undefined) this.#options.print?.(printable(`fluxbus: log-filename: ${notice}`));
  }

  #tell(record: Uint8Array): void {
    const { onRecord } = this.#options;
    if (onRecord === undefined) return;
    const parsed = parseLogRecord(decodeUtf8(record));
    if (parsed !== undefined) onRecord(parsed);
  }
}

/** The line for a record, or for text that is none; characters are bytes. */
function lineOf(text: string, header: LogHeader | undefined, style: LogLineStyle): string {
  const message = trimLineEnds(text.slice(header?.start ?? 0));
  return header === undefined ? message : formatLogLine(header, message, style);
}

/** The rank a record says it is from; a host's name counts as 0, as it does in flux-core. */
function rankOf(hostname: string): number {
  return Number(/^\d+/.exec(hostname)?.[0] ?? 0);
}
