import { ExitStatus } from "./exit-status.ts";

/** Writes a line to stdout. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Writes a value of strings and small numbers to stdout as one line of JSON. */
export function printJson(value: object): void {
  print(JSON.stringify(value));
}

/** Writes bytes to stdout as they are. */
export function printBytes(bytes: Uint8Array): void {
  process.stdout.write(bytes);
}

/** Writes a line to stderr. */
export function warn(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Ends the process when who read its output (`| head`) has gone, without a word. */
export function exitQuietlyOnBrokenPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      process.exit(ExitStatus.BROKEN_PIPE);
    });
  }
}
