import { join } from "node:path";
import { Broker, type BrokerOptions } from "../broker/index.ts";
import type { Environment } from "../connect/index.ts";
import { readInstanceAttributes } from "./instance-attributes.ts";
import { findParent, type Parent } from "./parent.ts";
import { Rundir } from "./rundir.ts";
import { STDERR_LEVEL, StderrLog } from "./stderr-log.ts";

/** Options of an instance: those of its broker, whose socket lies in the run directory. */
export interface InstanceOptions
  extends Omit<BrokerOptions, "onSetAttribute" | "onLog" | "logLevel" | "logRingSize"> {
  /**
   * Attributes set at start. `rundir`, `local-uri`, `log-level`, `log-ring-size` and `log-stderr-level` mean what they mean for
   * flux-broker(1); levels are numbers, 0 to 7.
   */
  readonly attributes?: Readonly<Record<string, string>> | undefined;
  /** Where FLUX_URI of the instance around this one is looked up; default `process.env`. */
  readonly env?: Environment | undefined;
  /** Takes each line of the log that `log-stderr-level` lets through; default stderr. */
  readonly printLog?: ((line: string) => void) | undefined;
}

/**
 * A Flux instance of size 1: a broker, its run directory, and its place below the instance it was started in.
 *
 * Owner: who started it. Ends with `stop`: the broker stops, and a run directory that was made for it is removed.
 */
export class Instance implements AsyncDisposable {
  readonly broker: Broker;
  readonly rundir: Rundir;
  /** What clients connect to. */
  readonly uri: string;

  private constructor(broker: Broker, rundir: Rundir) {
    this.broker = broker;
    this.rundir = rundir;
    this.uri = broker.uri!;
  }

  /**
   * Starts an instance; it takes clients when the promise resolves.
   * @throws FluxError EINVAL for attributes, as Rundir.open does for the run directory, as Broker.start does for the socket.
   */
  static async start(options: InstanceOptions = {}): Promise<Instance> {
    const given = readInstanceAttributes(options.attributes ?? {});
    const print = options.printLog ?? ((line) => process.stderr.write(`${line}\n`));
    const log = new StderrLog(given.stderrLevel ?? STDERR_LEVEL, print);
    const notes: string[] = [];
    const parent = await findParent(options.env ?? process.env, (text) => notes.push(text));
    const rundir = await Rundir.open(given.rundir);
    try {
      const broker = await Broker.start({
        ...options,
        socketPath: options.socketPath ?? given.socketPath ?? join(rundir.path, "local-0"),
        attributes: { ...given.rest, ...placeOf(rundir, parent) },
        logRingSize: given.logRingSize,
        logLevel: given.logLevel,
        onLog: (record) => log.print(record),
        onSetAttribute: (name, value) => {
          if (name === "log-stderr-level") log.setLevel(value);
        },
      });
      for (const note of notes) broker.log("info", note);
      return new Instance(broker, rundir);
    } catch (error) {
      await rundir.remove();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.broker.stop();
    await this.rundir.remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function placeOf(rundir: Rundir, parent: Parent | undefined): Record<string, string> {
  const own = { rundir: rundir.path, "rundir-cleanup": rundir.made ? "1" : "0" };
  if (parent === undefined) return { ...own, "instance-level": "0" };
  return { ...own, "instance-level": String(parent.level + 1), "parent-uri": parent.uri };
}
