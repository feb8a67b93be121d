import { FluxError } from "../base/index.ts";
import type { Log, Methods, Request } from "../client/index.ts";
import type { JsonObject } from "../json/index.ts";
import { unpack } from "../json/index.ts";
import { Role } from "../message/index.ts";
import { type Command, decodeCommand, listedName } from "./command.ts";
import { ExecFlag, LocalFlag } from "./flags.ts";
import { decodeIo } from "./io.ts";
import { ProcessTable } from "./process-table.ts";
import { ServedProcess } from "./served-process.ts";
import { launchError } from "./subprocess.ts";

export interface RexecOptions {
  /** Rank of the broker. */
  readonly rank: number;
  /** FLUX_URI of the processes: that of the broker. */
  readonly localUri: string;
  readonly log: Log;
  /** True when other users may connect; then rank 0 takes requests from its own clients only. Default: never. */
  readonly isMultiUser?: (() => boolean) | undefined;
  /** Environment of processes that come without one; default `process.env`, as it then is. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Longest wait of `stop` for processes to end by SIGTERM, in milliseconds; default 5000. */
  readonly termMs?: number | undefined;
}

/** Default of `termMs`, and the longest wait for those that were killed. */
const TERM_MS = 5000;
const KILL_MS = 1000;

const SIGTERM = 15;
const SIGKILL = 9;

/** Never given on to a process. */
const WITHHELD = ["FLUX_PROXY_REMOTE", "NOTIFY_SOCKET", "INVOCATION_ID"];

/**
 * The service `rexec`: runs processes for clients, sends what they write, and ends those of a client that goes. For the instance owner
 * only. Source: RFC 42; libsubprocess in flux-core.
 *
 * Owner: who made it. Ends with `stop`, which ends all processes.
 */
export class Rexec implements AsyncDisposable {
  readonly #options: RexecOptions;
  readonly #table = new ProcessTable();
  #stopping: Promise<void> | undefined;
  #emptied: (() => void) | undefined;

  /** The methods of the service, for `broker.addService`. */
  readonly methods: Methods = {
    exec: { later: true, request: (request) => this.#exec(request) },
    write: { request: (request) => this.#write(request) },
    kill: { request: (request) => this.#kill(request) },
    list: { request: (request) => this.#list(request) },
    wait: { later: true, request: (request) => this.#wait(request) },
    attach: { later: true, request: (request) => this.#attach(request) },
  };

  constructor(options: RexecOptions) {
    this.#options = options;
  }

  /** Processes it has: those that run, and those whose status is to be collected. */
  get size(): number {
    return this.#table.size;
  }

  /**
   * Takes no more requests to run something, sends SIGTERM to all processes and waits for them, `termMs` at most; then kills them. Called again it resolves
   * with the first call.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #stop(): Promise<void> {
    for (const served of [...this.#table]) served.disown();
    for (const [signum, ms] of [
      [SIGTERM, this.#options.termMs ?? TERM_MS],
      [SIGKILL, KILL_MS],
    ] as const) {
      if (this.#table.size === 0) return;
      for (const served of [...this.#table]) this.#signal(served, signum);
      await this.#empty(ms);
    }
    for (const served of [...this.#table]) served.process.abandon();
  }

  #signal(served: ServedProcess, signum: number): void {
    try {
      served.process.kill(signum);
    } catch (thrown) {
      const error = FluxError.from(thrown);
      if (error.code !== "ESRCH") this.#options.log("err", `subprocess_kill ${signum}: ${error.message}`);
    }
  }

  /** Resolves when no process is left, after `ms` at the latest. */
  #empty(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#emptied = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #exec(request: Request): void {
    const [cmd, flags, localFlags = 0] = this.#read(request, (body) =>
      unpack(body, "{s:o s:i s?i}", "cmd", "flags", "local_flags"),
    );
    if (this.#stopping !== undefined) throw new FluxError("ENOSYS", "subprocess server is shutting down");
    const background = !request.streaming;
    const invalid = (text: string) => new FluxError("EINVAL", text);
    if (background && (flags & ExecFlag.WRITE_CREDIT) !== 0)
      throw invalid("write-credit flag is not allowed in background mode");
    if (background && (localFlags & LocalFlag.STDIO_FALLTHROUGH) !== 0)
      throw invalid("stdio-fallthrough flag is not allowed in background mode");
    const command = this.#complete(readCommand(cmd));
    if (command.label !== undefined && this.#table.byLabel(command.label) !== undefined)
      throw new FluxError("EEXIST", "command label is not unique");
    if (command.cmdline.length === 0) throw new FluxError("EPROTO", "command string is empty");
    if (background && command.channels.length > 0)
      throw invalid("auxiliary channels are not allowed in background mode");
    if (!background && (flags & ExecFlag.WAITABLE) !== 0)
      throw invalid("waitable flag only supported in background mode");
    const served = new ServedProcess(command, request, flags, localFlags, {
      rank: String(this.#options.rank),
      log: this.#options.log,
      gone: (other) => this.#gone(other),
    });
    this.#table.add(served, request);
    try {
      served.start(localFlags);
    } catch (thrown) {
      this.#gone(served);
      const { errno } = FluxError.from(thrown, "EINVAL");
      throw new FluxError(errno, launchError(errno));
    }
  }

  #complete(command: Command): Command {
    const given = Object.keys(command.env).length > 0 ? command.env : (this.#options.env ?? process.env);
    const env: Record<string, string> = Object.create(null);
    for (const [name, value] of Object.entries(given)) if (value !== undefined) env[name] = value;
    for (const name of WITHHELD) delete env[name];
    env["FLUX_URI"] = this.#options.localUri;
    return { ...command, env };
  }

  #write(request: Request): void {
    try {
      const [matchtag, io] = this.#read(request, (body) => unpack(body, "{s:i s:o}", "matchtag", "io"));
      const { stream, data, eof } = decodeIo(io);
      const served = this.#table.byRequest(request, matchtag);
      // One that has ended does not take the rest of its input: nothing to complain about.
      if (served?.process.running === true) served.write(stream, data, eof);
    } catch (thrown) {
      const text = `Error decoding rexec.write request: ${FluxError.from(thrown).message}`;
      this.#options.log("err", text, { kind: "rexec.write malformed", userid: request.userid });
    }
    // Writers ask for no response; who does gets one, for it would wait for ever.
    request.respond();
  }

  #kill(request: Request): void {
    const [pid, signum, label] = this.#read(request, (body) =>
      unpack(body, "{s:i s:i s?s}", "pid", "signum", "label"),
    );
    this.#find(pid, label).process.kill(signum);
    request.respond();
  }

  #list(request: Request): void {
    this.#authorize(request);
    const procs = [...this.#table].map(({ command, process }) => ({
      pid: process.pid,
      cmd: listedName(command),
      label: command.label ?? "",
      state: process.active ? "R" : "Z",
    }));
    request.respond({ rank: this.#options.rank, procs });
  }

  #wait(request: Request): void {
    const [pid, label] = this.#read(request, (body) => unpack(body, "{s:i s?s}", "pid", "label"));
    const served = this.#find(pid, label);
    if (!served.waitable) throw new FluxError("EINVAL", "process is not waitable");
    if (served.waitedFor) throw new FluxError("EINVAL", "process is already being waited on");
    if (served.attached) throw new FluxError("EBUSY", "subprocess has a client attached");
    served.wait(request);
  }

  #attach(request: Request): void {
    const [pid, label, flags] = this.#read(request, (body) =>
      unpack(body, "{s:i s?s s:i}", "pid", "label", "flags"),
    );
    if (!request.streaming) throw new FluxError("EPROTO", "attach request is missing STREAMING flag");
    const served = this.#find(pid, label, "ENOENT");
    const busy = (text: string) => new FluxError("EBUSY", `subprocess ${text}`);
    if (!served.background) throw busy("is not in background mode");
    if (served.attached) throw busy("already has a client attached");
    if (served.waitedFor) throw busy("is being waited on");
    served.attach(request, flags);
  }

  #find(pid: number, label: string | undefined, code: "ESRCH" | "ENOENT" = "ESRCH"): ServedProcess {
    const served = label === undefined ? this.#table.byPid(pid) : this.#table.byLabel(label);
    if (served !== undefined) return served;
    const what = label === undefined ? `pid ${pid}` : `label ${label}`;
    throw new FluxError(code, `${what} does not belong to any subprocess`);
  }

  /** The values of a request, as `values` reads them; then whether it may be made from where it comes from. */
  #read<T>(request: Request, values: (body: JsonObject) => T): T {
    if (request.payload === undefined)
      throw new FluxError("EPROTO", "failed to unpack request: Protocol error");
    const body = request.body();
    if (body["signature"] !== undefined) throw new FluxError("EPERM", "flux-security support not available");
    let result: T;
    try {
      result = values(body);
    } catch (thrown) {
      throw new FluxError("EPROTO", `invalid request payload: ${FluxError.from(thrown).message}`);
    }
    this.#authorize(request);
    return result;
  }

  #authorize(request: Request): void {
    const { rank, isMultiUser } = this.#options;
    if (rank !== 0 || (request.rolemask & Role.LOCAL) !== 0 || isMultiUser?.() !== true) return;
    throw new FluxError("EPERM", "Remote rexec requests are not allowed on rank 0");
  }

  #gone(served: ServedProcess): void {
    this.#table.delete(served);
    if (this.#table.size === 0) this.#emptied?.();
  }
}

function readCommand(cmd: Parameters<typeof decodeCommand>[0]): Command {
  try {
    return decodeCommand(cmd);
  } catch (thrown) {
    throw new FluxError(FluxError.from(thrown).errno, "error parsing command string");
  }
}
