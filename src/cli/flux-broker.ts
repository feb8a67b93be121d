import { execFile } from "node:child_process";
import { FluxError } from "../base/index.ts";
import { AttributeTable } from "../broker/index.ts";
import { openConfig } from "../config/index.ts";
import { Instance, StderrLog } from "../instance/index.ts";
import { type BrokerArguments, parseBrokerArguments } from "./broker-arguments.ts";
import { findFluxCommand } from "./flux-command.ts";

/** Longest wait for flux(1) to tell a path, in milliseconds. */
const BUILTIN_MS = 5000;

/** Variables about the place of this broker, which are its attributes now: what it starts is elsewhere. */
const OWN_PLACE = ["FLUX_URI", "FLUX_PROXY_REMOTE", "FLUX_KVS_NAMESPACE", "FLUX_JOB_ID_PATH"];

/** Signals that are the instance's business. */
const SIGNALS = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGALRM", "SIGUSR1", "SIGUSR2"] as const;

/**
 * `flux-broker`, in the place of flux-core's: run by flux-start(1), by a job, or by hand. Resolves to its exit status.
 * Source: flux-broker(1).
 */
export async function runFluxBroker(words: readonly string[]): Promise<number> {
  const attributes = new AttributeTable();
  let instance: Instance;
  try {
    const given = parseBrokerArguments(words);
    setAttributes(attributes, given);
    instance = await startInstance(given, attributes);
  } catch (error) {
    const log = new StderrLog(attributes, (line) => process.stderr.write(`${line}\n`));
    log.log("crit", FluxError.from(error).message);
    return 1;
  }
  for (const name of OWN_PLACE) delete process.env[name];
  process.title = `flux-broker-${instance.broker.rank}`;
  for (const signal of SIGNALS) process.on(signal, () => instance.kill(signal));
  return instance.exit;
}

async function startInstance(given: BrokerArguments, attributes: AttributeTable): Promise<Instance> {
  attributes.defineDefault("broker.rc1_path", "flux modprobe rc1");
  attributes.defineDefault("broker.rc3_path", "flux modprobe rc3");
  if (given.verbose > 0) attributes.defineDefault("log-stderr-mode", "local");
  attributes.defineDefault("log-stderr-level", String([3, 6][given.verbose] ?? 7));
  await defineShellPaths(attributes);
  const path = given.configPath ?? process.env["FLUX_CONF_DIR"];
  const config = await openConfig({ path, updates: given.config });
  return Instance.start({
    attributes,
    config,
    boot: "environment",
    program: given.program,
    makeStatedir: true,
    fluxCommand: findFluxCommand(process.env),
  });
}

function setAttributes(attributes: AttributeTable, given: BrokerArguments): void {
  for (const [name, value] of given.attributes) {
    try {
      attributes.setAtStart(name, value);
    } catch (error) {
      const { errno, message } = FluxError.from(error);
      throw new FluxError(errno, `${name}: ${message}`);
    }
  }
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
function builtinValue(name: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile("flux", ["config", "builtin", name], { timeout: BUILTIN_MS }, (error, output) => {
      resolve(error === null ? output.trimEnd() : undefined);
    });
  });
}

process.exitCode = await runFluxBroker(process.argv.slice(2));
