import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { FluxError } from "../base/index.ts";
import { ConnectedInstance } from "./connected-instance.ts";

export interface FluxCoreOptions {
  /** The flux(1) that starts it; default `flux`, on PATH. */
  readonly command?: string | undefined;
  /** Broker attributes to set. */
  readonly attributes?: Readonly<Record<string, string>> | undefined;
  /** Runs flux-core's rc scripts, which load the KVS and the services of jobs: a second or two instead of a tenth. Default false. */
  readonly jobs?: boolean | undefined;
}

/** Says where the broker is, then stays until standard input ends. */
const PROGRAM = 'printf "%s\\n" "$FLUX_URI"; exec cat';

/** Variables that would make it a child of another instance, or have another broker run in its place. */
const FOREIGN = ["FLUX_URI", "FLUX_EXEC_PATH_PREPEND", "FLUX_JOB_ID", "FLUX_PROXY_REMOTE"];

/**
 * An instance of flux-core, of size 1, as a process of its own: for tests that want to see a program with the real broker.
 *
 * It ends with `stop`, and at the latest with the process that started it.
 */
export class FluxCoreInstance extends ConnectedInstance {
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;

  private constructor(uri: string, child: ChildProcess, exit: Promise<unknown>) {
    super(uri);
    this.#child = child;
    this.#exit = exit;
  }

  /**
   * Starts an instance; it takes clients when the promise resolves.
   * @throws FluxError ENOENT when there is no such command, ECONNREFUSED when it ends before it is ready: it has said why on stderr.
   */
  static async start(options: FluxCoreOptions = {}): Promise<FluxCoreInstance> {
    const attributes: Record<string, string> = {
      ...(options.jobs === true ? {} : { "broker.rc1_path": "", "broker.rc3_path": "" }),
      ...options.attributes,
    };
    const words = Object.entries(attributes).map(([name, value]) => `-S${name}=${value}`);
    const env = { ...process.env };
    for (const name of FOREIGN) delete env[name];
    const command = options.command ?? "flux";
    const child = spawn(command, ["start", ...words, "sh", "-c", PROGRAM], {
      env,
      stdio: ["pipe", "pipe", "inherit"],
    });
    child.stdin.on("error", () => {});
    const exit = once(child, "close");
    exit.catch(() => {});
    const lines = createInterface({ input: child.stdout });
    for await (const uri of lines) {
      child.stdout.resume();
      return new FluxCoreInstance(uri, child, exit);
    }
    await exit.catch((error: unknown) => {
      throw new FluxError("ENOENT", `${command} can't be run`, { cause: error });
    });
    throw new FluxError("ECONNREFUSED", `${command} start did not start an instance`);
  }

  /** Ends the broker, in good order, and waits for it. */
  async halt(): Promise<void> {
    this.#child.stdin?.end();
    await this.#exit;
  }
}
