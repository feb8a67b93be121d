import type { ChildProcess } from "node:child_process";
import type { Socket } from "node:net";
import { resolve } from "node:path";
import { FluxError, within } from "../base/index.ts";
import type { Connector } from "../connector/index.ts";
import { spawnProcess, writeStderr } from "../system/index.ts";
import { readAdmission } from "./admission.ts";
import { pipeOf } from "./child-pipe.ts";
import { findProgram } from "./find-program.ts";
import { type AdmittedStream, type Helper, SocketConnector } from "./socket-connector.ts";
import { type SshEnvironment, sshCommand } from "./ssh-command.ts";

export interface SshConnectorOptions {
  /** Where FLUX_SSH, FLUX_SSH_RCMD, LD_LIBRARY_PATH and PATH are looked up; default `process.env`. */
  readonly env?: SshEnvironment | undefined;
  /** Takes what the remote shell and the relay say on stderr once the connection stands; before, it is in the error. Default: stderr of this process. */
  readonly onStderr?: ((text: string) => void) | undefined;
  /** Largest frame taken, in bytes; default 128 MiB. */
  readonly maxFrameBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Both streams of the remote shell are one socket, as they would be over a network. */
const SHELL = 'exec "$0" "$@" <&3 >&3 3>&-';
/** Most of what is said on stderr that an error holds, in characters. */
export const SAID_MAX = 4096;
/** Longest wait for the program's end before it is killed, in milliseconds; and for its last words, when the connection failed. */
const END_MS = 2000;
const LAST_WORDS_MS = 500;

/**
 * Connects to a broker on another host: runs a remote shell that runs `flux relay PATH` or `fluxbus relay PATH` there.
 * @param location - `[user@]host[:port]/PATH`, the URI without its scheme.
 * @returns the connector, admitted.
 * @throws FluxError EINVAL for a malformed location, ENOENT when the remote shell is not to be found, ECONNRESET with what it said on stderr when
 *   it ends, EPROTO when something else than the relay answers, ECANCELED or ETIMEDOUT by `signal`. Source: flux-core's connectors/ssh/ssh.c.
 */
export async function connectSsh(
  location: string | undefined,
  options: SshConnectorOptions = {},
): Promise<Connector> {
  return new SocketConnector(await openSsh(location, options), options.maxFrameBytes);
}

/** As `connectSsh`, but gives the connection as bytes: for those who pass them on. */
export async function openSsh(
  location: string | undefined,
  options: SshConnectorOptions = {},
): Promise<AdmittedStream> {
  const { signal } = options;
  const env = { PATH: process.env["PATH"], ...(options.env ?? process.env) };
  const [ssh, ...words] = sshCommand(location ?? "", env);
  throwIfAborted(signal);
  const program = findProgram(ssh!, env.PATH);
  if (program === undefined) {
    throw new FluxError(
      "ENOENT",
      `ssh-connector: ${ssh}: No such file or directory (FLUX_SSH names another remote shell)`,
    );
  }
  const shell = new RemoteShell(program, words);
  try {
    const early = await readAdmission(shell.socket, ssh!, signal);
    shell.passOn(options.onStderr ?? writeStderr);
    return { uri: `ssh://${location}`, socket: shell.socket, early, helper: shell };
  } catch (error) {
    const said = await shell.lastWords(signal);
    await shell.kill();
    throwIfAborted(signal);
    throw failure(FluxError.from(error), said, ssh!);
  }
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw FluxError.from(signal.reason, "ECANCELED");
}

/** The reason in the remote shell's own words, where it has said one. An error without text is a first byte that is no admission. */
function failure(error: FluxError, said: string, ssh: string): FluxError {
  const cause = { cause: error };
  if (error.text !== undefined) {
    return new FluxError("ECONNRESET", said === "" ? `${ssh} ended without a word` : said, cause);
  }
  const hint = "no relay answered: do the shell's start files at the other end write to stdout?";
  return new FluxError("EPROTO", said === "" ? hint : `${hint} (${said})`, cause);
}

/** The process of a remote shell. */
class RemoteShell implements Helper {
  readonly socket: Socket;
  readonly #child: ChildProcess;
  readonly #closed: Promise<true>;
  #said = "";
  #take: (text: string) => void = (text) => {
    this.#said = (this.#said + text).slice(0, SAID_MAX);
  };

  constructor(program: string, words: readonly string[]) {
    const child = spawnProcess("/bin/sh", ["-c", SHELL, resolve(program), ...words], {
      stdio: ["ignore", "ignore", "pipe", "pipe"],
    });
    this.#child = child;
    this.#closed = new Promise((resolve) => {
      child.once("error", (error) => {
        this.#take(error.message);
        resolve(true);
      });
      child.once("exit", () => resolve(true));
    });
    this.socket = pipeOf(child, 3);
    child.stderr!.setEncoding("utf8").on("data", (text: string) => this.#take(text));
  }

  /** Gives `take` what was said and will be. */
  passOn(take: (text: string) => void): void {
    this.#take = take;
    if (this.#said !== "") take(this.#said);
  }

  /** What was said, in one line; waits a little for all of it, unless `signal` has fired. */
  async lastWords(signal: AbortSignal | undefined): Promise<string> {
    const stderr = this.#child.stderr!;
    const end = new Promise<void>((resolve) => stderr.once("close", () => resolve()));
    if (!stderr.closed && signal?.aborted !== true) await within(end, LAST_WORDS_MS);
    return this.#said.trim().replace(/\s*\n\s*/g, "; ");
  }

  async ended(): Promise<void> {
    if ((await within(this.#closed, END_MS)) === undefined) await this.kill();
  }

  /** Ends it, whatever it does. */
  async kill(): Promise<void> {
    this.#child.kill("SIGTERM");
    if ((await within(this.#closed, END_MS)) !== undefined) return;
    this.#child.kill("SIGKILL");
    await this.#closed;
  }

  ref(): void {
    this.#child.ref();
    (this.#child.stderr as Socket).ref();
  }

  unref(): void {
    this.#child.unref();
    (this.#child.stderr as Socket).unref();
  }
}
