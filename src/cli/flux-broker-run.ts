import { constants } from "node:os";
import { FluxError, strerror } from "../base/index.ts";
import { AttributeTable } from "../broker/index.ts";
import { openConfig } from "../config/index.ts";
import { Instance, leadsGroup, StderrLog, setStartAttributes } from "../instance/index.ts";
import { ignoreErrorsOf, logToStderr, outputOf, writeStderr } from "../system/index.ts";
import { type BrokerArguments, parseBrokerArguments } from "./broker-arguments.ts";
import { findFluxCommand } from "./flux-command.ts";

/** Longest wait for flux(1) to tell a path, in milliseconds. */
const BUILTIN_MS = 5000;
/** Longest path that flux(1) tells, in bytes. */
const BUILTIN_BYTES = 65_536;

/** Variables about the place of this broker, which are its attributes now: what it starts is elsewhere. */
const OWN_PLACE = ["FLUX_URI", "FLUX_PROXY_REMOTE", "FLUX_KVS_NAMESPACE", "FLUX_JOB_ID_PATH"];

const USAGE = `Usage: flux-broker [OPTIONS] [PROGRAM [ARGS...]]
  -h, --help              say this
  -v, --verbose[=LEVEL]   log more on stderr, more still when repeated
  -S, --setattr=ATTR=VAL  set an attribute
  -c, --config-path=PATH  read the configuration from a file or a folder
      --conf=VALUE        change it: a file, KEY=VALUE, or an object
`;

/** Signals that are the instance's business. */
const SIGNALS = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGALRM", "SIGUSR1", "SIGUSR2"] as const;

/**
 * `flux-broker`, in the place of flux-core's: run by flux-start(1), by a job, or by hand. Resolves to its exit status.
 * Source: flux-broker(1).
 */
export async function runFluxBroker(words: readonly string[]): Promise<number> {
  ignoreErrorsOf(process.stdout, process.stderr);
  const attributes = new AttributeTable();
  const signals = new SignalInbox();
  let instance: Instance;
  try {
    const given = parseBrokerArguments(words);
    if (given.help) {
      return await printUsage();
    }
    setStartAttributes(attributes, given.attributes);
    instance = await launchInstance(given, attributes);
  } catch (error) {
    const log = new StderrLog(attributes, logToStderr);
    log.log("crit", FluxError.from(error).message);
    return 1;
  }
  for (const name of OWN_PLACE) delete process.env[name];
  process.title = `flux-broker-${instance.broker.rank}`;
  // Until it is loaded there is nothing to be ended in good order. That it can't be is in its log, and in its exit status.
  await instance.loaded.catch(() => {});
  signals.deliver((signal) => instance.kill(signal));
  const status = await instance.exit;
  if (leadsGroup()) {
    // Whatever the initial program has left running: it would keep a job from ending.
    process.on("SIGHUP", () => {});
    process.kill(0, "SIGHUP");
  }
  if (instance.overdue.length > 0) process.exit(status);
  return status;
}

function printUsage(): Promise<number> {
  return new Promise((resolve) => {
    process.stdout.write(USAGE, (error) => {
      if (error) writeStderr(`flux-broker: standard output: ${strerror(FluxError.from(error).errno)}\n`);
      resolve(error ? 1 : 0);
    });
  });
}

/** Signals to this process, those before there is an instance too. A second one then ends the process, which may wait for others. */
class SignalInbox {
  #take: ((signal: NodeJS.Signals) => void) | undefined;
  #early: NodeJS.Signals | undefined;

  constructor() {
    for (const signal of SIGNALS) process.on(signal, () => this.#receive(signal));
  }

  /** From now on `take` gets them. */
  deliver(take: (signal: NodeJS.Signals) => void): void {
    this.#take = take;
    if (this.#early !== undefined) take(this.#early);
  }

  #receive(signal: NodeJS.Signals): void {
    if (this.#take !== undefined) this.#take(signal);
    else if (this.#early === undefined) this.#early = signal;
    else process.exit(128 + constants.signals[signal]);
  }
}

async function launchInstance(given: BrokerArguments, attributes: AttributeTable): Promise<Instance> {
  attributes.defineDefault("broker.rc1_path", "flux modprobe rc1");
  attributes.defineDefault("broker.rc3_path", "flux modprobe rc3");
  if (given.verbose > 0) attributes.defineDefault("log-stderr-mode", "local");
  attributes.defineDefault("log-stderr-level", String([3, 6][given.verbose] ?? 7));
  await defineShellPaths(attributes);
  const path = given.configPath ?? process.env["FLUX_CONF_DIR"];
  const config = await openConfig({ path, updates: given.config });
  return Instance.launch({
    attributes,
    config,
    boot: "environment",
    program: given.program,
    makeStatedir: true,
    fluxCommand: findFluxCommand(process.env),
  });
}

/** Where jobs find the parts of their shell: what flux-core has compiled in, if it is here. Instances without rc1 run no jobs. */
async function defineShellPaths(attributes: AttributeTable): Promise<void> {
  if (attributes.get("broker.rc1_path") === "") return;
  const names = ["shell_initrc", "shell_pluginpath"];
  const values = await Promise.all(names.map((name) => builtinValue(name)));
  for (const [index, name] of names.entries()) {
    const value = values[index];
    if (value !== undefined) attributes.defineDefault(`conf.${name}`, value);
  }
}

/** A path flux(1) was built with; undefined without a flux. */
async function builtinValue(name: string): Promise<string | undefined> {
  try {
    const limits = { timeoutMs: BUILTIN_MS, maxBytes: BUILTIN_BYTES };
    return (await outputOf("flux", ["config", "builtin", name], limits)).trimEnd();
  } catch {
    return undefined;
  }
}
