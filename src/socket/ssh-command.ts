import { dirname, join } from "node:path";
import { FluxError } from "../base/index.ts";
import { findProgram } from "./find-program.ts";

/** Variables of the environment by name, as far as they matter here. */
export type SshEnvironment = Readonly<Record<string, string | undefined>>;

/** What an ssh:// URI names. */
interface SshTarget {
  readonly user: string | undefined;
  readonly host: string;
  readonly port: string | undefined;
  /** Of the socket on that host; absolute. */
  readonly path: string;
}

/** Words that a shell takes as they are. */
const PLAIN = /^[\w@%+=:,./-]+$/;

/**
 * The words of the command that leads to the broker of an ssh:// URI: the remote shell, and for the other side `flux relay PATH`.
 *
 * FLUX_SSH is the remote shell, `ssh` by default. FLUX_SSH_RCMD is the command that relays, `fluxbus` for one; without it `flux` is looked for
 * in the broker's run directory, where this side has it, and in the system's folders. LD_LIBRARY_PATH is passed on.
 *
 * @param location - `[user@]host[:port]/PATH`, the URI without its scheme.
 * @throws FluxError EINVAL when it has another form. Source: flux-core's connectors/ssh/ssh.c.
 */
export function sshCommand(location: string, env: SshEnvironment): string[] {
  const { user, host, port, path } = parseLocation(location);
  const { FLUX_SSH: ssh = "ssh", FLUX_SSH_RCMD: relay, LD_LIBRARY_PATH: libraries } = env;
  const words = [ssh];
  if (port !== undefined) words.push("-p", port);
  words.push(user === undefined ? host : `${user}@${host}`);
  if (relay === undefined || libraries !== undefined) words.push("env");
  if (relay === undefined) words.push(quoted(`PATH=${remotePath(path, env)}`));
  if (libraries !== undefined) words.push(quoted(`LD_LIBRARY_PATH=${libraries}`));
  words.push(relay ?? "flux", "relay", quoted(path));
  return words;
}

function parseLocation(location: string): SshTarget {
  const match = /^(?:([^@/?#]+)@)?(\[[^\]]+\]|[^@:/?#[\]]+)(?::(\d+))?\/+([^?#]+)$/.exec(location);
  // ssh would take a word with a dash in front as an option.
  if (match === null || location.startsWith("-"))
    throw new FluxError("EINVAL", `ssh://${location}: not of the form ssh://[user@]host[:port]/PATH`);
  const [, user, host, port, path] = match;
  return { user, host: host!.replace(/^\[|\]$/g, ""), port, path: `/${path}` };
}

function remotePath(socket: string, env: SshEnvironment): string {
  const flux = findProgram("flux", env["PATH"]);
  const folders = [join(dirname(socket), "bin"), ...(flux === undefined ? [] : [dirname(flux)])];
  return [...folders, "/bin", "/usr/bin"].join(":");
}

/** A word for the shell at the other end, which reads what ssh joined. */
function quoted(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
