import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { FluxError } from "../base/index.ts";
import { spawnProcess } from "../system/index.ts";
import type { RankOrder, RankWord } from "./rank-order.ts";

/** Descriptor at which a rank finds its process manager. */
const PMI_FD = 3;

/** Program and arguments of a rank. */
export function rankCommand(order: RankOrder): readonly string[] {
  const main = fileURLToPath(import.meta.resolve("./rank-main.js"));
  return [process.execPath, ...process.execArgv, main, JSON.stringify(order)];
}

/** How a rank ended. */
export interface RankEnd {
  /** True for one that ended in good order. */
  readonly ok: boolean;
  /** `exited with status 3`, `was ended by SIGKILL`, `can't be run: Too many open files`. */
  readonly text: string;
}

/**
 * A rank of a test instance, as a process. It leads its own process group, so that Ctrl-C on the terminal is not for it, and it stops when its standard
 * input ends, which happens at the latest when this process ends.
 */
export class RankProcess {
  readonly rank: number;
  /** Resolves to what it says of itself, first and last; undefined when it ends without a word. */
  readonly word: Promise<RankWord | undefined>;
  /** Resolves when the process is over. */
  readonly ended: Promise<RankEnd>;
  readonly #child: ChildProcess;

  /** Starts rank `rank` of `size`. */
  constructor(rank: number, size: number, [file, ...args]: readonly string[], env: NodeJS.ProcessEnv) {
    this.rank = rank;
    this.#child = spawnProcess(file!, args, {
      env: { ...env, PMI_FD: String(PMI_FD), PMI_RANK: String(rank), PMI_SIZE: String(size) },
      detached: true,
      // Node makes a pair of UNIX sockets for each pipe.
      stdio: ["pipe", "pipe", "inherit", "pipe"],
    });
    this.ended = endOf(this.#child);
    this.word = wordOf(this.#child);
    this.#child.stdin?.on("error", () => {});
  }

  /** This side's end of the socket at PMI_FD; undefined when the process could not be made. */
  get pmi(): Duplex | undefined {
    const streams: ChildProcess["stdio"] | undefined = this.#child.stdio;
    return (streams?.[PMI_FD] ?? undefined) as Duplex | undefined;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Asks it to stop. */
  stop(): void {
    this.#child.stdin?.end();
  }

  /** Ends it at once. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }
}

function endOf(child: ChildProcess): Promise<RankEnd> {
  return new Promise((resolve) => {
    child.once("error", (thrown) => {
      const { errno } = FluxError.from(thrown);
      resolve({ ok: false, text: `can't be run: ${new FluxError(errno).message}` });
    });
    child.once("exit", (status, signal) => {
      const text = signal === null ? `exited with status ${status}` : `was ended by ${signal}`;
      resolve({ ok: status === 0, text });
    });
  });
}

async function wordOf({ stdout }: ChildProcess): Promise<RankWord | undefined> {
  if (stdout === null || stdout === undefined) return undefined;
  stdout.on("error", () => {});
  const lines = createInterface({ input: stdout });
  return await new Promise((resolve) => {
    lines.on("line", (line) => {
      const word = parseWord(line);
      if (word !== undefined) resolve(word);
    });
    lines.once("close", () => resolve(undefined));
  });
}

/** What a module of the broker prints is no word of the rank. */
function parseWord(line: string): RankWord | undefined {
  try {
    const word = JSON.parse(line) as RankWord;
    return "uri" in word || "error" in word ? word : undefined;
  } catch {
    return undefined;
  }
}
