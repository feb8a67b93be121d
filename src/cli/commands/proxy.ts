import { FluxError } from "../../base/index.ts";
import type { ProxyServer } from "../../proxy/index.ts";
import { logToStderr } from "../../system/index.ts";
import { trustOption } from "../client-command.ts";
import { type Command, command } from "../commander.ts";
import { about, Failure } from "../failure.ts";
import { warn } from "../output.ts";
import { SignalRelay } from "../signal-relay.ts";
import { saveTerminal } from "../terminal.ts";

interface ProxyFlags {
  readonly force?: true;
  readonly nohup?: true;
  readonly reconnect?: true;
  readonly trustForeignUri?: true;
}

const HELP = `
TARGET is what 'fluxbus uri' takes. COMMAND runs in $SHELL with FLUX_URI set to the proxy, and for ssh:// with FLUX_PROXY_REMOTE set to
[user@]host; without COMMAND it is the shell itself. Exit status: that of COMMAND; 128 + N when signal N ended it.`;

/** `fluxbus proxy TARGET [COMMAND...]`: one connection to a broker for many programs. Source: flux-proxy(1). */
export function proxyCommand(): Command {
  return command("proxy")
    .description("run a command whose programs share one connection to a broker elsewhere")
    .argument("<target>", "the instance")
    .argument("[command...]", "command to run (default: $SHELL)")
    .option("-f, --force", "connect to a broker of another version too")
    .option("-n, --nohup", "send no SIGHUP to COMMAND when the connection is lost")
    .option("--reconnect", "make a lost connection again")
    .addOption(trustOption())
    .passThroughOptions()
    .addHelpText("after", HELP)
    .action(async (target: string, words: string[], flags: ProxyFlags) => {
      process.exitCode = await runBehindProxy(target, words, flags);
    });
}

async function runBehindProxy(target: string, words: readonly string[], flags: ProxyFlags): Promise<number> {
  const { ProxyServer, resolveToFollow } = await import("../../proxy/index.ts");
  const { trustForeignUri } = flags;
  const uri = await resolveToFollow(target, { trustForeignUri }).catch((error: unknown) => {
    throw new Failure(`Unable to resolve ${target} to a URI`, FluxError.from(error));
  });
  const signals = new SignalRelay();
  try {
    const { force, reconnect } = flags;
    const onLog = (text: string): void => logToStderr(`fluxbus proxy: ${text}`);
    await using proxy = await about(
      uri,
      ProxyServer.start({ uri, force, reconnect, onLog, signal: signals.early }),
    );
    return await runWith(proxy, words, flags, signals);
  } finally {
    signals.close();
  }
}

async function runWith(
  proxy: ProxyServer,
  words: readonly string[],
  { nohup }: ProxyFlags,
  signals: SignalRelay,
): Promise<number> {
  const { Program } = await import("../../instance/index.ts");
  const env = { ...process.env, FLUX_URI: proxy.uri };
  const remote = proxy.remote === undefined ? {} : { FLUX_PROXY_REMOTE: proxy.remote };
  const restoreTerminal = saveTerminal();
  const line = {
    file: process.env["SHELL"] || "/bin/sh",
    args: words.length === 0 ? [] : ["-c", words.join(" ")],
  };
  const program = new Program(line, { env: { ...env, ...remote } });
  signals.to((signal) => program.signal(signal));
  const lost = proxy.lost.then(() => "lost" as const);
  if ((await Promise.race([program.exit, lost])) === "lost") {
    warn("fluxbus proxy: Lost connection to Flux");
    if (nohup !== true) {
      warn("fluxbus proxy: Sending SIGHUP to child processes");
      program.signal("SIGHUP");
      program.signal("SIGCONT");
    }
    await proxy.stop();
    await program.exit;
    restoreTerminal();
  }
  const { status, error } = await program.exit;
  if (error !== undefined) warn(`fluxbus proxy: ${line.file}: ${error.message}`);
  return status;
}
