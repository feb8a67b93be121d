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
 * @throws FluxError EINVAL when it has another form, a user or a host that ssh or a shell would read as something else, or a port above 65535. Source: flux-core's connectors/ssh/ssh.c.
 */
export function sshCommand(location: string, env: SshEnvironment): string[] {
  const { user, host, port, path } = parseLocation(location);
  const { FLUX_SSH: ssh = "ssh", FLUX_SSH_RCMD: relay, LD_LIBRARY_PATH: libraries } = env;
  const words = [ssh];
  if (port !== undefined) words.push("-p", port);
  // Behind `--` no word is an option, whatever it begins with.
  words.push("--", user === undefined ? host : `${user}@${host}`);
  if (relay === undefined || libraries !== undefined) words.push("env");
  if (relay === undefined) words.push(quoted(`PATH=${remotePath(path, env)}`));
  if (libraries !== undefined) words.push(quoted(`LD_LIBRARY_PATH=${libraries}`));
  words.push(relay ?? "flux", "relay", quoted(path));
  return words;
}

const LOCATION =
  /^(?:(?<user>[^@/?#]+)@)?(?:\[(?<address>[^\]]+)\]|(?<name>[^@:/?#[\]]+))(?::(?<port>\d+))?\/+(?<path>[^?#\0]+)$/;

/**
 * What no user and no host is called. ssh(1) takes a word with a dash in front as an option; and it writes both names into the commands of its configuration
 * (ProxyCommand, Match exec), which a shell reads.
 */
const NO_USER = /^-|[\0-\x20\x7f'"`;&<>|(){}]|\\$/;
const NO_HOST = /^-|[\0-\x20\x7f'"`;&<>|(){}$\\]/;
const PORT_MAX = 65535;

/** The parts of a location, each checked as it stands in the command: without the brackets of an address. */
function parseLocation(location: string): SshTarget {
  const groups = LOCATION.exec(location)?.groups;
  if (groups === undefined)
    throw new FluxError("EINVAL", `ssh://${location}: not of the form ssh://[user@]host[:port]/PATH`);
  const { user, address, name, port, path } = groups;
  const host = (address ?? name)!;
  if (NO_HOST.test(host)) throw new FluxError("EINVAL", `ssh://${location}: invalid host '${host}'`);
  if (user !== undefined && NO_USER.test(user))
    throw new FluxError("EINVAL", `ssh://${location}: invalid user '${user}'`);
  if (port !== undefined && (Number(port) < 1 || Number(port) > PORT_MAX))
    throw new FluxError("EINVAL", `ssh://${location}: port ${port} is not in the range of 1 to ${PORT_MAX}`);
  return { user, host, port, path: `/${path}` };
}

function remotePath(socket: string, env: SshEnvironment): string {
  const flux = findProgram("flux", env["PATH"]);
  const folders = [join(dirname(socket), "bin"), ...(flux === undefined ? [] : [dirname(flux)])];
  // A folder with a colon in its name would be read as two.
  return [...folders.filter((folder) => !folder.includes(":")), "/bin", "/usr/bin"].join(":");
}

/** A word for the shell at the other end, which reads what ssh joined. */
function quoted(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
