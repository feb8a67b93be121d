import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import type { Build } from "../build.ts";
import { environmentOf } from "../product.ts";
import type { Answer, Ask } from "./child.ts";

/** Longest wait for a program to do what it is asked, and to end. */
const CALL_MS = 60_000;
const END_MS = 2_000;

export interface ProgramOptions {
  /** Options of Node. */
  readonly execArgv?: readonly string[];
  /** The build whose entry points it loads; the one that this process uses when undefined. */
  readonly build?: Build | undefined;
}

/** One of the benchmark's own processes, and the calls that steer it. */
export class Program implements AsyncDisposable {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  readonly #exited: Promise<void>;
  #id = 0;

  /** Starts `bench/programs/NAME.ts`. */
  constructor(name: string, { execArgv = [], build }: ProgramOptions = {}) {
    this.name = build === undefined ? name : `${name} with ${build.root}`;
    const file = join(import.meta.dirname, "..", "programs", `${name}.ts`);
    this.#child = fork(file, {
      execArgv: ["--import", "tsx", ...execArgv],
      env: environmentOf(build),
      serialization: "advanced",
    });
    this.#child.on("message", (answer: Answer) => this.#take(answer));
    this.#exited = new Promise((resolve) => {
      this.#child.on("exit", (code, signal) => {
        for (const { reject } of this.#pending.values())
          reject(new Error(`${this.name} ended with ${signal ?? `code ${code}`}`));
        this.#pending.clear();
        resolve();
      });
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Calls a method of the program. */
  call<T>(method: string, argument?: unknown): Promise<T> {
    const id = ++this.#id;
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(new Error(`${this.name} has not answered ${method} in ${CALL_MS / 1000} s`));
      }, CALL_MS);
      const settled = <A extends unknown[]>(act: (...args: A) => void) => {
        return (...args: A): void => {
          clearTimeout(timer);
          act(...args);
        };
      };
      this.#pending.set(id, { resolve: settled((value) => resolve(value as T)), reject: settled(reject) });
      const ask: Ask = { id, method, argument };
      this.#child.send(ask, (error) => {
        if (error !== null && this.#pending.delete(id)) settled(reject)(error);
      });
    });
  }

  /** Lets the program end; ends it when it does not. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), END_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  #take(answer: Answer): void {
    const pending = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if ("error" in answer) pending?.reject(new Error(`${this.name}: ${answer.error}`));
    else pending?.resolve(answer.value);
  }
}
