import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { GuestReport, GuestTask } from "./guest-play.ts";
import type { OwnerOptions } from "./owner.ts";

/** What a process of an attack is for, and what it is told once, when it starts. */
export type RoleTask =
  | { readonly role: "timer" }
  | { readonly role: "ping"; readonly path: string }
  | { readonly role: "owner"; readonly options: OwnerOptions }
  | { readonly role: "guest"; readonly task: GuestTask };

/** What a role is asked, and its answers. `start` is answered when it is ready. */
export interface RoleAnswers {
  readonly start: GuestReport | undefined;
  /** A round begins. */
  readonly begin: undefined;
  /** A round is over: the owner tells what went wrong. */
  readonly end: readonly string[];
  /** What a meter has measured since `begin`. */
  readonly read: Measured;
}

export interface Measured {
  readonly worst: number;
  readonly latest: number;
  readonly count: number;
  readonly failure: string | undefined;
}

export type RoleCall = keyof RoleAnswers;

export type RoleMessage =
  | { readonly call: "start"; readonly task: RoleTask }
  | { readonly call: Exclude<RoleCall, "start"> };

export interface RoleReply {
  readonly value?: unknown;
  readonly error?: string;
}

const MAIN = join(import.meta.dirname, "role-main.ts");

/** A process of its own for one who takes part: the owner, a guest, a meter. One call at a time. Ends with `kill`. */
export class RoleProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<string>;

  /** `heapMib`: its heap, in MiB; by default as Node has it. */
  constructor(heapMib?: number) {
    const heap = heapMib === undefined ? [] : [`--max-old-space-size=${heapMib}`];
    this.#child = fork(MAIN, {
      execArgv: [...heap, "--import", "tsx"],
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    const kill = (): boolean => this.#child.kill("SIGKILL");
    process.once("exit", kill);
    this.#ended = once(this.#child, "exit").then(([status, signal]) => {
      process.off("exit", kill);
      return `its process ended with ${signal ?? status}`;
    });
  }

  /** Starts the role, and resolves when it is ready; a guest when it has played. */
  start(task: RoleTask): Promise<RoleAnswers["start"]> {
    return this.#send<"start">({ call: "start", task });
  }

  call<C extends Exclude<RoleCall, "start">>(call: C): Promise<RoleAnswers[C]> {
    return this.#send<C>({ call });
  }

  /** Ends the process at once, with all its connections; resolves when it has ended. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  async #send<C extends RoleCall>(message: RoleMessage): Promise<RoleAnswers[C]> {
    const answered = new Promise<RoleReply>((resolve, reject) => {
      this.#child.once("message", resolve);
      void this.#ended.then((why) => reject(new Error(why)));
    });
    // A process that has ended says so by itself.
    this.#child.send(message, () => {});
    const { value, error } = await answered;
    if (error !== undefined) throw new Error(error);
    return value as RoleAnswers[C];
  }
}
