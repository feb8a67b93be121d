import type { Flux } from "../../client/index.ts";
import type { Command as RemoteCommand, RemoteTarget } from "../../rexec/index.ts";
import { type ClientOptions, clientCommand, withFlux } from "../client-command.ts";
import { type Command, Option } from "../commander.ts";
import { about, usageError } from "../failure.ts";
import { print, warn } from "../output.ts";

interface ExecOptions extends ClientOptions {
  readonly rank: string;
  readonly exclude?: string;
  readonly bg?: true;
  readonly waitable?: true;
  readonly attach?: true;
  readonly label?: string;
  readonly dir?: string;
  readonly labelIo?: true;
  readonly noinput?: true;
  readonly verbose?: true;
  readonly quiet?: true;
  readonly service: string;
  readonly setopt: string[];
}

const NAME = "fluxbus exec";

/** Largest process id: a word beyond it is a label. */
const PID_MAX = 2 ** 31 - 1;

const HELP = `
Standard input goes to all of them. Exit status: the largest of the commands' own, 128 + N for one that signal N ended, 127 for one that was
not found, 126 for one that can't be run, 68 when a rank can't be reached.`;

/** `fluxbus exec [OPTIONS] COMMAND...`. Source: flux-exec(1). */
export function execCommand(): Command {
  return clientCommand("exec")
    .description("run a command on the brokers of the instance")
    .argument("[command...]", "command and arguments; with --attach, a process id or label")
    .option("-r, --rank <IDSET>", "target ranks, as in 0,2-5", "all")
    .option("-x, --exclude <IDSET>", "exclude ranks")
    .option("--bg", "run in the background: print RANK: PID and exit")
    .option("--waitable", "with --bg: keep the exit status until it is collected")
    .option("--attach", "attach to a process in the background")
    .option("--label <LABEL>", "a name for the processes to be found by")
    .option("-d, --dir <PATH>", "working directory, 'none' for the brokers' own (default: the current one)")
    .option("-l, --label-io", "label lines of output with their rank")
    .option("-n, --noinput", "send no input")
    .option("-v, --verbose", "say what happens on stderr")
    .option("-q, --quiet", "do not say how commands failed")
    .addOption(new Option("--service <NAME>", "service that runs them").default("rexec").hideHelp())
    .addOption(
      new Option("--setopt <NAME=VALUE>", "option of the processes")
        .default([])
        .argParser((word: string, words: string[]) => [...words, word])
        .hideHelp(),
    )
    .passThroughOptions()
    .addHelpText("after", HELP)
    .action(async (words: string[], options: ExecOptions) => {
      checkUsage(words, options);
      await withFlux(options, async (flux) => {
        process.exitCode = await exec(flux, words, options);
      });
    });
}

function checkUsage(words: readonly string[], options: ExecOptions): void {
  if (options.attach) {
    if (words.length === 0) throw usageError("--attach requires a pid or label argument");
    if (words.length > 1) throw usageError("--attach takes a single pid or label argument");
    if (options.bg || options.waitable) throw usageError("--attach cannot be used with --bg or --waitable");
  } else if (words.length === 0) throw usageError("missing argument 'command'");
  if (options.waitable && !options.bg) throw usageError("--waitable can only be used with --bg");
  if (options.label === "") throw usageError("the label is empty");
  for (const word of options.setopt) {
    if (!word.includes("=")) throw usageError(`--setopt ${word}: not of the form NAME=VALUE`);
  }
}

async function exec(flux: Flux, words: readonly string[], options: ExecOptions): Promise<number> {
  const { attach, bg, service } = options;
  const ranks = await targets(flux, options);
  if (bg) return background(flux, ranks, await commandOf(flux, words, options), options);
  const { RemoteProcess } = await import("../../rexec/index.ts");
  const { ExecSession } = await import("../exec-session.ts");
  const target = attach ? targetOf(words[0]!) : undefined;
  if (target !== undefined && "pid" in target && ranks.length > 1)
    throw usageError("--attach by pid requires a single target rank (use --rank)");
  const command = target === undefined ? await commandOf(flux, words, options) : undefined;
  const session = new ExecSession({
    name: command?.cmdline[0] ?? nameOf(target!),
    detaches: target === undefined ? undefined : words[0]!,
    labels: options.labelIo === true,
    input: target === undefined && !options.noinput,
    verbose: options.verbose === true,
    quiet: options.quiet === true,
  });
  return session.run(ranks, (nodeid, events) =>
    command === undefined
      ? RemoteProcess.attach(flux, target!, events, { nodeid, service })
      : RemoteProcess.exec(flux, command, events, { nodeid, service }),
  );
}

async function background(
  flux: Flux,
  ranks: readonly number[],
  command: RemoteCommand,
  { service, waitable }: ExecOptions,
): Promise<number> {
  const { encodeCommand, ExecFlag } = await import("../../rexec/index.ts");
  const payload = {
    cmd: encodeCommand(command),
    flags: waitable ? ExecFlag.WAITABLE : 0,
    local_flags: 0,
  };
  const started = ranks.map(async (nodeid) => {
    try {
      const { pid } = await flux.rpc(`${service}.exec`, payload, { nodeid });
      print(`${nodeid}: ${String(pid)}`);
      return 0;
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      warn(`${NAME}: Error: rank ${nodeid}: ${command.cmdline[0]}: ${text}`);
      return 1;
    }
  });
  return Math.max(...(await Promise.all(started)));
}

/** The ranks that `--rank` and `--exclude` leave. */
async function targets(flux: Flux, { rank, exclude }: ExecOptions): Promise<number[]> {
  const { decodeIdset } = await import("../../base/index.ts");
  const decode = (option: string, text: string): number[] => {
    const ids = decodeIdset(text);
    if (ids === undefined) throw usageError(`${option}: '${text}' is no set of ranks`);
    return ids;
  };
  const excluded = new Set(exclude === undefined ? [] : decode("--exclude", exclude));
  const wanted = rank === "all" ? undefined : decode("--rank", rank);
  const size = await about("size", flux.size());
  if (wanted !== undefined && (wanted.at(-1) ?? 0) >= size)
    throw usageError(`One or more invalid --ranks specified: ${rank}`);
  const ranks = (wanted ?? [...Array(size).keys()]).filter((id) => !excluded.has(id));
  if (ranks.length === 0) throw usageError("No targets specified");
  return ranks;
}

async function commandOf(
  flux: Flux,
  words: readonly string[],
  { dir = process.cwd(), label, setopt }: ExecOptions,
): Promise<RemoteCommand> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined) env[name] = value;
  delete env["FLUX_PROXY_REMOTE"];
  // For systemctl(1) and its kin, where the owner's systemd is to be found.
  const owner = await about("security.owner", flux.attributes.get("security.owner"));
  env["DBUS_SESSION_BUS_ADDRESS"] ??= `unix:path=/run/user/${owner}/bus`;
  const opts = Object.fromEntries(
    setopt.map((word) => [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)]),
  );
  return {
    cmdline: words,
    ...(label === undefined ? {} : { label }),
    ...(dir === "none" ? {} : { cwd: dir }),
    env,
    opts,
    channels: [],
    msgchan: [],
  };
}

function targetOf(word: string): RemoteTarget {
  const pid = /^\d+$/.test(word) ? Number(word) : 0;
  return pid > 0 && pid <= PID_MAX ? { pid } : { label: word };
}

function nameOf(target: RemoteTarget): string {
  return "pid" in target ? `pid ${target.pid}` : `label ${target.label}`;
}
