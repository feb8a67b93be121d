import { constants } from "node:os";
import { FluxError, strsignal } from "../base/index.ts";
import type { LogLevel, Methods } from "../client/index.ts";
import type { Environment } from "../connect/index.ts";
import { type CommandLine, Program, type ProgramExit, shellLine, shellOf } from "./program.ts";

/** A command of a phase. */
export interface RunatCommand extends CommandLine {
  /** Where its output goes: into the broker's log line by line, or where the broker's goes. */
  readonly output: "log" | "inherit";
  /** False keeps it in the broker's process group; else it leads one of its own, unless a terminal is its input. */
  readonly ownGroup?: boolean | undefined;
}

export interface RunatOptions {
  /** Environment of the broker: what is about the broker's own place is taken out of it, the instance's put in. */
  readonly env: () => Environment;
  /** Set in the environment of all commands: FLUX_URI and such. */
  readonly set: () => Readonly<Record<string, string>>;
  readonly log: (level: LogLevel, text: string) => void;
}

interface Phase {
  readonly commands: RunatCommand[];
  count: number;
  running: Program | undefined;
  aborted: boolean;
  status: number;
}

/** What a command may not inherit from the broker: variables that say where the broker itself was started. */
const OWN_PLACE =
  /^(FLUX_JOB_ID|FLUX_JOB_ID_PATH|FLUX_ENCLOSING_ID|FLUX_JOB_SIZE|FLUX_JOB_NNODES|FLUX_JOB_TMPDIR|FLUX_TASK_RANK|FLUX_TASK_LOCAL_ID|FLUX_URI|FLUX_KVS_NAMESPACE|FLUX_PROXY_REMOTE|PMI_.*|PMIX_.*|FLUX_PMI_LIBRARY_PATH|I_MPI_PMI_LIBRARY|SLURM_.*|NOTIFY_SOCKET|PALS_.*)$/;

/**
 * The commands that a broker runs at the turns of its life, one after another within a phase: rc1, rc2 (the initial program), cleanup, rc3.
 * The last one pushed runs first. Source: flux-broker(1); runat.c in flux-core.
 */
export class Runat {
  readonly #options: RunatOptions;
  readonly #phases = new Map<string, Phase>();

  constructor(options: RunatOptions) {
    this.#options = options;
  }

  /** True when something was pushed for a phase. */
  isDefined(name: string): boolean {
    return this.#phases.has(name);
  }

  push(name: string, command: RunatCommand): void {
    let phase = this.#phases.get(name);
    if (phase === undefined) {
      phase = { commands: [], count: 0, running: undefined, aborted: false, status: 0 };
      this.#phases.set(name, phase);
    }
    phase.commands.unshift(command);
    phase.count++;
  }

  /** Runs the commands of a phase that is defined; resolves to the status of the first that failed, or 0. */
  async run(name: string): Promise<number> {
    const phase = this.#phase(name);
    for (let command = phase.commands.shift(); command !== undefined; command = phase.commands.shift()) {
      if (phase.aborted) continue;
      await this.#runCommand(name, phase, command);
    }
    return phase.status;
  }

  /** Ends a phase: hangs up on what runs, and leaves the rest out. */
  abort(name: string): void {
    const phase = this.#phase(name);
    phase.aborted = true;
    phase.running?.signal("SIGHUP");
  }

  /** `runat`: flux-admin(1) cleanup-push. */
  methods(): Methods {
    return {
      push: {
        request: (request) => {
          const [name, commands] = request.unpack("{s:s s:o}", "name", "commands");
          if (!Array.isArray(commands) || commands.length === 0)
            throw new FluxError("EPROTO", "commands array is empty");
          const lines = commands.map((line) => {
            if (typeof line !== "string" || line === "")
              throw new FluxError("EPROTO", "cannot push an empty command line");
            return shellLine(line, this.#options.env());
          });
          for (const line of lines) this.push(name, { ...line, output: "log" });
          request.respond();
        },
      },
    };
  }

  #phase(name: string): Phase {
    const phase = this.#phases.get(name);
    if (phase === undefined) throw new FluxError("ENOENT", `no commands for ${name}`);
    return phase;
  }

  async #runCommand(name: string, phase: Phase, command: RunatCommand): Promise<void> {
    const { log } = this.#options;
    const label = `${name}.${phase.count - phase.commands.length - 1}`;
    const start = performance.now();
    const terminal = command.output === "inherit" && process.stdin.isTTY === true;
    const program = new Program(command, {
      env: this.#environment(),
      onLine:
        command.output === "log"
          ? (line, stderr) => log(stderr ? "err" : "info", `${label}: ${line}`)
          : undefined,
      ownGroup: (command.ownGroup ?? true) && !terminal,
    });
    phase.running = program;
    const exit = await program.exit;
    phase.running = undefined;
    const status = exit.status === 0 && phase.aborted ? 1 : exit.status;
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    const how = exit.status === 0 && phase.aborted ? "aborted after exit with rc=0" : describe(exit);
    const text = textOf(command, shellOf(this.#options.env()));
    log(status === 0 ? "info" : "err", `${label}: ${text} ${how} (rc=${status}) ${seconds}s`);
    if (phase.status === 0) phase.status = status;
  }

  #environment(): NodeJS.ProcessEnv {
    const env = Object.entries(this.#options.env()).filter(([name]) => !OWN_PLACE.test(name));
    return { ...Object.fromEntries(env), ...this.#options.set() };
  }
}

function describe({ signal, error }: ProgramExit): string {
  if (error !== undefined) return `error launching process: ${error.message}`;
  return signal === undefined ? "Exited" : strsignal(constants.signals[signal]);
}

/** The command as the log shows it: what the user's shell was given, without the shell. */
function textOf({ file, args }: CommandLine, shell: string): string {
  const line = file === shell && args[0] === "-c" && args.length > 1 ? args.slice(1) : [file, ...args];
  return line.join(" ");
}
