import { errno, FluxError } from "../base/index.ts";
import type { Exchange, Flux } from "../client/index.ts";
import { type JsonObject, parseJson, stringifyJson } from "../json/index.ts";
import { Message, MessageFlag, NODEID_ANY, textPayload } from "../message/index.ts";
import { type Command, encodeCommand } from "./command.ts";
import { ExecFlag } from "./flags.ts";
import { decodeIo, encodeIo } from "./io.ts";

/**
 * What becomes of a remote process: started, or attached to; stopped any number of times; exited; completed. Or failed, at any time.
 */
export interface RemoteProcessEvents {
  started?(pid: number): void;
  /** What it wrote to a stream; undefined for its end. */
  output?(stream: string, data: Uint8Array | undefined): void;
  /** So many more bytes may be written to a channel. Without it, whoever writes more than the process takes loses it. */
  credit?(stream: string, bytes: number): void;
  stopped?(): void;
  /** Its status as of wait(2). */
  exited?(status: number): void;
  /** It has exited, and all its output came. */
  completed?(): void;
  /** It never ran, or was lost. */
  failed?(error: FluxError): void;
}

/** Where a process runs. */
export interface RemotePlace {
  /** Rank of the broker; default that of the handle, or the nearest one with the service. */
  readonly nodeid?: number | undefined;
  /** Default `rexec`. */
  readonly service?: string | undefined;
}

/** A process that was started in the background before: by its process id, or by its label. */
export type RemoteTarget = { readonly pid: number } | { readonly label: string };

/**
 * A process of another program's broker, run over a handle or attached to. It is killed when the handle is closed before it ends, or, attached to,
 * goes on alone. Source: RFC 42.
 */
export class RemoteProcess {
  readonly #flux: Flux;
  readonly #events: RemoteProcessEvents;
  readonly #service: string;
  readonly #nodeid: number;
  #exchange: Exchange | undefined;
  #pid: number | undefined;
  #state: "init" | "running" | "exited" | "over" = "init";
  #started!: (running: boolean) => void;
  readonly #whenStarted = new Promise<boolean>((resolve) => {
    this.#started = resolve;
  });

  private constructor(flux: Flux, events: RemoteProcessEvents, { nodeid, service }: RemotePlace) {
    this.#flux = flux;
    this.#events = events;
    this.#service = service ?? "rexec";
    this.#nodeid = nodeid ?? NODEID_ANY;
  }

  /** Runs a command; what becomes of it the events tell. Throws ECONNRESET when the connection is gone. Source: flux_rexec(3) of libsubprocess. */
  static exec(
    flux: Flux,
    command: Command,
    events: RemoteProcessEvents,
    place: RemotePlace = {},
  ): RemoteProcess {
    const remote = new RemoteProcess(flux, events, place);
    const credit = events.credit === undefined ? 0 : ExecFlag.WRITE_CREDIT;
    const channel = command.channels.length === 0 ? 0 : ExecFlag.CHANNEL;
    const flags = remote.#outputFlags | credit | channel;
    remote.#send("exec", { cmd: encodeCommand(command), flags, local_flags: 0 });
    return remote;
  }

  /** Takes part in a process in the background: its output from now on, and its status. Throws as `exec`. */
  static attach(
    flux: Flux,
    target: RemoteTarget,
    events: RemoteProcessEvents,
    place: RemotePlace = {},
  ): RemoteProcess {
    const remote = new RemoteProcess(flux, events, place);
    remote.#send("attach", { pid: -1, ...target, flags: remote.#outputFlags });
    return remote;
  }

  /** Process id, once it is started. */
  get pid(): number | undefined {
    return this.#pid;
  }

  /** True until it has exited or failed. */
  get active(): boolean {
    return this.#state === "init" || this.#state === "running";
  }

  /** Sends bytes to a channel of it, `stdin` by default. To one that is no longer active they are lost. */
  write(data: Uint8Array, stream = "stdin"): void {
    this.#write(stream, data);
  }

  /** Ends a channel of it. */
  close(stream = "stdin"): void {
    this.#write(stream, undefined);
  }

  /** Sends it a signal, as soon as it is started. Throws ESRCH when it is over, EINVAL when it never started. */
  async kill(signum: number): Promise<void> {
    if (!(await this.#whenStarted)) throw new FluxError("EINVAL", "process did not start");
    const payload = { pid: this.#pid!, signum };
    await this.#flux.call(`${this.#service}.kill`, payload, { nodeid: this.#nodeid });
  }

  get #outputFlags(): number {
    return this.#events.output === undefined ? 0 : ExecFlag.STDOUT | ExecFlag.STDERR;
  }

  #send(method: "exec" | "attach", payload: JsonObject): void {
    const request = Message.request({
      topic: `${this.#service}.${method}`,
      nodeid: this.#nodeid,
      flags: MessageFlag.STREAMING,
      payload: textPayload(stringifyJson(payload)),
    });
    this.#exchange = this.#flux.exchange(request, {
      receive: (response) => this.#receive(response),
      fail: (code, text) => this.#fail(new FluxError(code, text)),
    });
  }

  #write(stream: string, data: Uint8Array | undefined): void {
    if (!this.active) return;
    const io = encodeIo({ stream, rank: "0", data, eof: data === undefined });
    const payload = { matchtag: this.#exchange!.matchtag | 0, io };
    const options = { nodeid: this.#nodeid, noResponse: true };
    // A connection that is gone is told to `failed`.
    this.#flux.call(`${this.#service}.write`, payload, options).catch(() => {});
  }

  /** Returns true when the response was the last one. */
  #receive(response: Message): boolean {
    if (this.#state === "over") return response.errnum !== 0;
    if (response.errnum === errno.ENODATA && this.#state === "exited") {
      this.#state = "over";
      this.#events.completed?.();
      return true;
    }
    try {
      if (response.errnum === errno.ENODATA) throw new FluxError("EPROTO");
      if (response.errnum !== 0) throw new FluxError(response.errnum, response.text);
      this.#take(parseJson(response.text ?? "") as JsonObject);
      return false;
    } catch (thrown) {
      this.#fail(FluxError.from(thrown, "EPROTO"));
      return response.errnum !== 0;
    }
  }

  #take({ type, pid, status, io, channels }: JsonObject): void {
    const events = this.#events;
    switch (type) {
      case "started":
      case "attached":
        this.#pid = Number(pid);
        this.#state = "running";
        this.#started(true);
        events.started?.(this.#pid);
        return;
      case "output": {
        const { stream, data, eof } = decodeIo(io ?? null);
        if (data !== undefined) events.output?.(stream, data);
        if (eof) events.output?.(stream, undefined);
        return;
      }
      case "add-credit":
        for (const [stream, bytes] of Object.entries(channels as JsonObject)) {
          events.credit?.(stream, Number(bytes));
        }
        return;
      case "stopped":
        events.stopped?.();
        return;
      case "finished":
        this.#state = "exited";
        events.exited?.(Number(status));
        return;
      default:
        throw new FluxError("EPROTO");
    }
  }

  #fail(error: FluxError): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#started(false);
    this.#events.failed?.(error);
  }
}
