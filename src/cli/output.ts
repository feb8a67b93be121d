import { writeStderr } from "../system/index.ts";

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
  writeStderr(`${line}\n`);
}
