import { utf8Length } from "../base/index.ts";

/** What lines are written to: a writable stream of Node. */
export interface LineStream {
  /** Bytes that wait to be written. */
  readonly writableLength: number;
  /** True when `drain` will come. */
  readonly writableNeedDrain: boolean;
  write(text: string): boolean;
  once(event: "drain", listener: () => void): unknown;
}

/** Default of `maxBytes`, 1 MiB. */
const MAX_BYTES = 1024 * 1024;

/**
 * Writes lines to a stream whose reader may be slow: to a pipe Node writes later what does not fit, and keeps it until then. Lines
 * beyond `maxBytes` (default 1 MiB) that wait are dropped and counted; a line tells how many once the others are written.
 */
export function boundedLines(stream: LineStream, maxBytes: number = MAX_BYTES): (line: string) => void {
  let dropped = 0;
  return (line) => {
    const isFull = stream.writableNeedDrain && stream.writableLength + utf8Length(line) >= maxBytes;
    if (dropped > 0 || isFull) {
      if (dropped++ === 0)
        stream.once("drain", () => {
          const count = dropped;
          dropped = 0;
          stream.write(`fluxbus: ${count} lines are left out here: nobody read them in time\n`);
        });
      return;
    }
    stream.write(`${line}\n`);
  };
}

let stderrLines: ((line: string) => void) | undefined;

/** Writes a line to standard error, bounded for all brokers of this process together. */
export function printToStderr(line: string): void {
  stderrLines ??= boundedLines(process.stderr);
  stderrLines(line);
}
