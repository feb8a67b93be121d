import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { OWNER } from "./guest.ts";

const ROOT = join(import.meta.dirname, "../../..");
const PRELOAD = join(import.meta.dirname, "memory-preload.mjs");
const START_MS = 30_000;
const STOP_MS = 5000;
/** Most text of standard error that is kept, in characters. */
const KEPT_STDERR = 1024 * 1024;

export interface AttackedBrokerOptions {
  /** A folder that is the broker's own. */
  readonly folder: string;
  /** The program: default that of this checkout's `dist`. */
  readonly main?: string | undefined;
  /** Takes guests: default true. */
  readonly guests?: boolean | undefined;
  /** Ranks of the instance, all in its process: default 1. */
  readonly ranks?: number | undefined;
  /** Descriptors it may have: default 256. */
  readonly descriptors?: number | undefined;
  /** Its heap, in MiB: default 512. */
  readonly heapMib?: number | undefined;
}

/** What a broker holds after a collection, in bytes. */
export interface BrokerMemory {
  readonly heapUsed: number;
  readonly external: number;
}

/** Whether processes and sockets of other users can be had. */
export const isRoot = process.geteuid?.() === 0;

/** Why guests can't be played here; undefined where they can. */
export function whyNoGuests(main = join(ROOT, "dist/cli/main.js")): string | undefined {
  if (process.platform !== "linux") return "attacks are played on Linux only";
  if (!isRoot) return "attacks need root: owner and guests are different users";
  const readable = spawnSync("setpriv", asOwner(["test", "-r", main]));
  if (readable.status !== 0)
    return `user ${OWNER}, who runs the broker, can't read ${main} (or there is no setpriv, or no build)`;
  return undefined;
}

function asOwner(command: readonly string[]): string[] {
  return [`--reuid=${OWNER}`, `--regid=${OWNER}`, "--clear-groups", ...command];
}

/** A broker as a process of the user OWNER, with little memory and few descriptors. */
export class AttackedBroker {
  #path = "";
  readonly pid: number;
  /** How it ended; undefined while it runs. */
  ended: string | undefined;
  /** Resolves when it has ended. */
  readonly exited: Promise<void>;
  /** Bytes it has written to standard error. */
  stderrBytes = 0;
  /** What it wrote to standard error since `takeStderr`, the beginning of it. */
  #stderr = "";
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
    this.pid = child.pid!;
    child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      this.stderrBytes += Buffer.byteLength(text);
      if (this.#stderr.length < KEPT_STDERR) this.#stderr += text;
    });
    this.exited = new Promise((resolve) =>
      child.once("exit", (status, signal) => {
        this.ended = `${signal ?? `status ${status}`}`;
        resolve();
      }),
    );
  }

  /** Starts one; resolves when it takes clients. */
  static async start(options: AttackedBrokerOptions): Promise<AttackedBroker> {
    const { folder, main = join(ROOT, "dist/cli/main.js"), guests = true } = options;
    const { descriptors = 256, heapMib = 512, ranks = 1 } = options;
    const rundir = join(folder, "run");
    mkdirSync(rundir, { recursive: true });
    for (const path of [folder, rundir]) {
      chownSync(path, OWNER, OWNER);
      chmodSync(path, 0o755);
    }
    const command = [
      process.execPath,
      `--max-old-space-size=${heapMib}`,
      "--expose-gc",
      `--import=${PRELOAD}`,
      main,
      "broker",
      "--print-uri",
      `--rundir=${rundir}`,
      ...(guests ? ["--allow-guests"] : []),
      ...(ranks > 1 ? [`--size=${ranks}`] : []),
    ];
    const limited = ["bash", "-c", `ulimit -n ${descriptors} && exec "$@"`, "bash", ...command];
    const child = spawn("setpriv", asOwner(limited), {
      cwd: folder,
      env: {
        PATH: process.env["PATH"],
        HOME: folder,
        ATTACK_MEMORY_FILE: join(folder, "memory"),
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    // Whoever started it may end without a word.
    const kill = (): boolean => child.kill("SIGKILL");
    process.once("exit", kill);
    child.once("exit", () => process.off("exit", kill));
    const broker = new AttackedBroker(child, folder);
    await broker.#started();
    return broker;
  }

  async #started(): Promise<void> {
    let stdout = "";
    this.#child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    const end = performance.now() + START_MS;
    while (!stdout.includes("\n")) {
      if (this.ended !== undefined || performance.now() > end) {
        this.#child.kill("SIGKILL");
        throw new Error(
          `the broker did not start: ${this.ended ?? "no URI"}: ${this.#stderr.slice(0, 2000)}`,
        );
      }
      await delay(5);
    }
    this.#path = stdout.trim().replace(/^local:\/\//, "");
  }

  /** Path of its socket. */
  get path(): string {
    return this.#path;
  }

  /** What it wrote to standard error since the last call. */
  takeStderr(): string {
    const text = this.#stderr;
    this.#stderr = "";
    return text;
  }

  /** Heap and buffers after a forced collection; undefined when it does not answer within `boundMs`. */
  async memory(boundMs = 10_000): Promise<BrokerMemory | undefined> {
    const file = join(this.#folder, "memory");
    rmSync(file, { force: true });
    const end = performance.now() + boundMs;
    for (let next = 0; performance.now() < end && this.ended === undefined; await delay(5)) {
      if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")) as BrokerMemory;
      if (performance.now() < next) continue;
      this.#child.kill("SIGUSR2");
      next = performance.now() + 2000;
    }
    return undefined;
  }

  /** The most memory it had resident since `resetPeak`, in bytes; 0 when it has ended. */
  get peak(): number {
    return this.#status("VmHWM");
  }

  get resident(): number {
    return this.#status("VmRSS");
  }

  resetPeak(): void {
    try {
      writeFileSync(`/proc/${this.pid}/clear_refs`, "5");
    } catch {
      // Where the kernel has no such file the peak is that since the start.
    }
  }

  /** Processor time it has used, in milliseconds. */
  get cpuMs(): number {
    try {
      const fields = readFileSync(`/proc/${this.pid}/stat`, "utf8").split(") ")[1]!.split(" ");
      return (Number(fields[11]) + Number(fields[12])) * 10;
    } catch {
      return 0;
    }
  }

  /** Stops it, and kills it when it doesn't stop. Resolves to whether it stopped. */
  async stop(): Promise<boolean> {
    if (this.ended !== undefined) return true;
    this.#child.kill("SIGTERM");
    const late = setTimeout(() => this.#child.kill("SIGKILL"), STOP_MS);
    await this.exited;
    clearTimeout(late);
    return this.ended !== "SIGKILL";
  }

  #status(name: string): number {
    try {
      const status = readFileSync(`/proc/${this.pid}/status`, "utf8");
      return Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) * 1024;
    } catch {
      return 0;
    }
  }
}
