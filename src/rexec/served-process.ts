import { decodeUtf8, FluxError } from "../base/index.ts";
import type { Log, Request } from "../client/index.ts";
import { type Command, encodeCommand, programName } from "./command.ts";
import { ExecFlag } from "./flags.ts";
import { encodeIo } from "./io.ts";
import { RetainedOutput } from "./retained-output.ts";
import { Subprocess, type SubprocessEvents } from "./subprocess.ts";
import { exitCode, termSignal } from "./wait-status.ts";

/** What a served process needs of its server. */
export interface ServedProcessPort {
  /** Rank of this broker, in decimal. */
  readonly rank: string;
  readonly log: Log;
  /** It is over, and nobody has to collect its status. */
  gone(served: ServedProcess): void;
}

/**
 * A process with who asked for it. One started by a streaming request belongs to its requester; one in the background belongs to
 * nobody, writes to the log, and may be attached to or waited for, by one at a time. Source: RFC 42.
 */
export class ServedProcess implements SubprocessEvents {
  readonly process: Subprocess;
  readonly background: boolean;
  readonly #port: ServedProcessPort;
  /** Who listens: the requester of a foreground process, who attached to one in the background. */
  #client: Request | undefined;
  #flags: number;
  #waitable: boolean;
  #waiter: Request | undefined;
  #retained: RetainedOutput | undefined;

  constructor(
    command: Command,
    request: Request,
    flags: number,
    localFlags: number,
    port: ServedProcessPort,
  ) {
    this.process = new Subprocess(command, localFlags, this);
    this.background = !request.streaming;
    this.#port = port;
    this.#client = request;
    this.#flags = flags;
    this.#waitable = this.background && (flags & ExecFlag.WAITABLE) !== 0;
  }

  get command(): Command {
    return this.process.command;
  }

  get attached(): boolean {
    return this.background && this.#client !== undefined;
  }

  get waitedFor(): boolean {
    return this.#waiter !== undefined;
  }

  /** True when its status will be, or is, kept for who waits for it. */
  get waitable(): boolean {
    return this.#waitable;
  }

  /** Starts it. Throws as Subprocess.start. */
  start(localFlags: number): void {
    const request = this.#client;
    this.process.start({
      localFlags,
      input: !this.background,
      reads: (stream) =>
        (this.background && (stream === "stdout" || stream === "stderr")) || this.#forwards(stream),
    });
    if (!this.background)
      request?.signal.addEventListener("abort", () => this.#disconnected(), { once: true });
  }

  /** Queues what a client wrote. A process that can't take it is lost: it is killed, and its requester told. */
  write(stream: string, data: Uint8Array | undefined, eof: boolean): void {
    try {
      if (data !== undefined) this.process.write(stream, data);
      if (eof) this.process.closeInput(stream);
    } catch (thrown) {
      const { errno, message } = FluxError.from(thrown);
      const what = data === undefined ? "EOF" : `${data.length} bytes`;
      const cause = { kind: "input lost", who: `process ${this.process.pid}` };
      this.#port.log("err", `Error writing ${what} to subprocess ${stream}`, cause);
      this.fail(new FluxError(errno, `internal fatal error: ${message}`));
    }
  }

  /** Gives `request` the output from now on, and the status. */
  attach(request: Request, flags: number): void {
    this.#flags = flags;
    const { process } = this;
    request.respond({ type: "attached", pid: process.pid, cmd: encodeCommand(this.command) });
    for (const stream of process.outputs) {
      if (this.#forwards(stream) && process.outputEnded(stream))
        void this.#forward(request, stream, undefined);
    }
    if (!process.active) {
      request.respond({ type: "finished", status: process.status });
      request.respondError("ENODATA");
      this.#reap();
      return;
    }
    this.#client = request;
    const detach = (): void => {
      if (this.#client === request) this.#client = undefined;
    };
    request.signal.addEventListener("abort", detach, { once: true });
  }

  /** Gives `request` the status, now or when there is one. */
  wait(request: Request): void {
    this.#waiter = request;
    const leave = (): void => {
      if (this.#waiter === request) this.#waiter = undefined;
    };
    request.signal.addEventListener("abort", leave, { once: true });
    this.#settle();
  }

  /** Nobody will collect its status any more. */
  disown(): void {
    this.#waitable = false;
    this.#waiter = undefined;
    this.#settle();
  }

  /** Takes it for lost: its requester gets `error`, and it is killed. */
  fail(error: FluxError): void {
    const client = this.#client;
    this.#client = undefined;
    if (client?.answered === false) client.respondFailure(error);
    const waiter = this.#waiter;
    this.#waiter = undefined;
    if (waiter?.answered === false) waiter.respondFailure(error);
    this.#kill();
    this.#reap();
  }

  started(pid: number): void {
    this.#client?.respond({ type: "started", pid });
    if (this.background) this.#client = undefined;
  }

  failed(error: FluxError): void {
    this.fail(error);
  }

  output(stream: string, data: Uint8Array | undefined): Promise<void> | undefined {
    if (data !== undefined && this.background) {
      const level = stream === "stderr" ? "err" : "info";
      const { label = programName(this.command) } = this.command;
      this.#port.log(level, `${label}[${this.process.pid}]: ${decodeUtf8(data)}`);
      if (this.#waitable) {
        this.#retained ??= new RetainedOutput();
        this.#retained.add(stream, this.#port.rank, data);
      }
    }
    const client = this.#client;
    return client !== undefined && this.#forwards(stream) ? this.#forward(client, stream, data) : undefined;
  }

  credit(stream: string, bytes: number): void {
    if ((this.#flags & ExecFlag.WRITE_CREDIT) === 0 || this.background) return;
    this.#client?.respond({ type: "add-credit", channels: { [stream]: bytes } });
  }

  stopped(): void {
    this.#client?.respond({ type: "stopped" });
  }

  exited(status: number): void {
    this.#client?.respond({ type: "finished", status });
  }

  completed(): void {
    if (this.background) this.#logEnd();
    this.#client?.respondError("ENODATA");
    this.#client = undefined;
    this.#settle();
  }

  #forwards(stream: string): boolean {
    if (stream === "stdout") return (this.#flags & ExecFlag.STDOUT) !== 0;
    if (stream === "stderr") return (this.#flags & ExecFlag.STDERR) !== 0;
    return (this.#flags & ExecFlag.CHANNEL) !== 0;
  }

  #forward(client: Request, stream: string, data: Uint8Array | undefined): Promise<void> | undefined {
    const io = encodeIo({ stream, rank: this.#port.rank, data, eof: data === undefined });
    client.respond({ type: "output", pid: this.process.pid, io });
    return client.writable();
  }

  #disconnected(): void {
    this.#client = undefined;
    this.#kill();
  }

  #kill(): void {
    if (!this.process.active || this.process.pid < 0) return;
    try {
      this.process.kill(SIGKILL);
    } catch (thrown) {
      const error = FluxError.from(thrown);
      if (error.code !== "ESRCH")
        this.#port.log("err", `subprocess_kill ${this.process.pid} ${SIGKILL}: ${error.message}`);
    }
  }

  /** Tells the waiter if it is over, and goes unless somebody may still ask for its status. */
  #settle(): void {
    if (this.process.active) return;
    const waiter = this.#waiter;
    if (waiter !== undefined && this.#waitable) {
      const output = this.#retained?.objects;
      waiter.respond({ status: this.process.status, ...(output === undefined ? {} : { output }) });
      this.#waitable = false;
      this.#waiter = undefined;
    }
    if (!this.#waitable) this.#port.gone(this);
  }

  #reap(): void {
    this.#waitable = false;
    this.#port.gone(this);
  }

  #logEnd(): void {
    const { label, cmdline } = this.command;
    const { pid, status } = this.process;
    const code = exitCode(status);
    const name = code === undefined ? cmdline[0] : programName(this.command);
    const how = code === undefined ? `Killed by signal ${termSignal(status)}` : `Exit ${code}`;
    this.#port.log("info", `${label === undefined ? "" : `${label}: `}${name}[${pid}]: ${how}`);
  }
}

const SIGKILL = 9;
