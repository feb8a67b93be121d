import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { openSync, readdirSync, readFileSync } from "node:fs";
import { libcFunction } from "./libc.ts";

const O_CLOEXEC = 0o2000000;
const STANDARD = 3;

const F_SETFD = 2;
const FD_CLOEXEC = 1;

let inherited: readonly number[] | undefined;
let nothing: number | undefined;

/**
 * Keeps the descriptors that this process was started with, beyond the standard ones, from each process that it starts: they are locks and pipes of others, which would
 * be held for as long as that process runs. Node sees to those that it opens itself, and to the first sixteen. Looked for once: call it before there are many
 * descriptors. Does nothing where /proc does not tell.
 * @returns those that still go to each process, for there is no koffi to call fcntl(2)
 */
export function keepInheritedDescriptors(): readonly number[] {
  if (inherited !== undefined) return inherited;
  const found = entriesOf("/proc/self/fd")
    .map(Number)
    .filter((fd) => fd >= STANDARD && isInheritable(fd));
  inherited = found.length === 0 ? found : found.filter((fd) => !closeOnExec(fd));
  if (inherited.length > 0) nothing ??= openSync("/dev/null", "r+");
  return inherited;
}

function closeOnExec(fd: number): boolean {
  const fcntl = libcFunction<Fcntl>("int fcntl(int, int, int)");
  return fcntl !== undefined && fcntl(fd, F_SETFD, FD_CLOEXEC) === 0;
}

type Fcntl = (fd: number, command: number, argument: number) => number;

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isInheritable(fd: number): boolean {
  try {
    const flags = /^flags:\s+([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "latin1"))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & O_CLOEXEC) === 0;
  } catch {
    return false; // that of the listing itself
  }
}

/**
 * Starts a process as child_process.spawn does, with the descriptors of `stdio` and no other that this process has inherited. Without the optional package koffi an
 * inherited one is /dev/null there, if its number is one that the process may have.
 */
export function spawnProcess(file: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const others = keepInheritedDescriptors();
  return spawn(file, args, others.length === 0 ? options : withoutDescriptors(options, others, nothing!));
}

/** The options with /dev/null, which `replacement` is, in the place of the descriptors `others`. */
export function withoutDescriptors(
  options: SpawnOptions,
  others: readonly number[],
  replacement: number,
): SpawnOptions {
  const { stdio = "pipe" } = options;
  const all = typeof stdio === "string" ? [stdio, stdio, stdio] : [...stdio];
  const limit = descriptorLimit();
  for (const fd of others.filter((each) => each < limit)) {
    while (all.length <= fd) all.push("ignore");
    if (all[fd] === "ignore") all[fd] = replacement;
  }
  return { ...options, stdio: all };
}

/** Where the numbers of new descriptors end. One that was opened before the limit was lowered may be beyond. */
function descriptorLimit(): number {
  try {
    const limits = readFileSync("/proc/self/limits", "latin1");
    return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** What `outputOf` waits for. */
export interface OutputLimits {
  /** Longest run in milliseconds; then the program is killed. */
  readonly timeoutMs: number;
  /** Most bytes taken of its output; beyond that the program is killed. */
  readonly maxBytes: number;
}

/** Why a program gave no output: `code` is the system's error (ENOENT), its exit status, or undefined when it was killed. */
export class ProgramError extends Error {
  override readonly name = "ProgramError";
  readonly code: string | number | undefined;

  constructor(text: string, code: string | number | undefined) {
    super(text);
    this.code = code;
  }
}

/** Runs a program to its end; resolves to what it wrote to standard output. @throws ProgramError */
export function outputOf(
  file: string,
  args: readonly string[],
  { timeoutMs, maxBytes }: OutputLimits,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawnProcess(file, args, { stdio: ["ignore", "pipe", "ignore"] });
    const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    child.stdout?.on("error", () => {});
    child.stdout?.on("data", (chunk: Uint8Array) => {
      bytes += chunk.length;
      if (bytes <= maxBytes) chunks.push(chunk);
      else child.kill("SIGKILL");
    });
    child.once("error", (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      reject(new ProgramError(`${file}: ${error.message}`, error.code));
    });
    child.once("close", (status, signal) => {
      clearTimeout(timer);
      if (status === 0 && bytes <= maxBytes) resolve(Buffer.concat(chunks).toString());
      else reject(new ProgramError(`${file} ended with ${signal ?? status}`, status ?? undefined));
    });
  });
}
