import type { ChildProcess, SpawnOptions } from "node:child_process";
import { statSync } from "node:fs";
import type { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { FluxError, strerror } from "../base/index.ts";
import { spawnProcess } from "../system/index.ts";
import { bufferBytes, type Command, isLineBuffered } from "./command.ts";
import { LOCAL_FLAGS, LocalFlag } from "./flags.ts";
import { InputChannel } from "./input-channel.ts";
import { LineBuffer } from "./line-buffer.ts";
import { relayMessages, relayPath } from "./message-relay.ts";
import { OutputChannel } from "./output-channel.ts";
import { killProcess, stopsProcess, whenStopped } from "./process-signals.ts";
import { waitStatus } from "./wait-status.ts";

/** What becomes of a process, in this order: started or failed; stopped any number of times; exited; completed. Output until then. */
export interface SubprocessEvents {
  started(pid: number): void;
  /** It never ran. */
  failed(error: FluxError): void;
  /** A piece of what it wrote, undefined for the end; the promise holds it back. */
  output(stream: string, data: Uint8Array | undefined): Promise<void> | undefined;
  /** So many more bytes may be written to a channel; at first, all that fit. */
  credit(stream: string, bytes: number): void;
  stopped(): void;
  /** Its status as of wait(2). */
  exited(status: number): void;
  /** It has exited, and all it wrote was given away. */
  completed(): void;
}

/** How to make a process. */
export interface SubprocessOptions {
  /** `LocalFlag` bits. */
  readonly localFlags: number;
  /** Whether `stdin` is open; otherwise it is at its end. */
  readonly input: boolean;
  /** Which of the streams are read: stdout, stderr, and the channels. */
  readonly reads: (stream: string) => boolean;
}

/** The first file descriptor behind the standard ones. */
const FIRST_CHANNEL_FD = 3;

/**
 * A process of this machine with its channels. It leads a process group of its own, which signals go to, unless
 * `NO_SETPGRP` is set. Source: RFC 42; libsubprocess in flux-core.
 */
export class Subprocess {
  readonly command: Command;
  readonly #events: SubprocessEvents;
  readonly #ownGroup: boolean;
  readonly #inputs = new Map<string, InputChannel>();
  readonly #outputs = new Map<string, OutputChannel>();
  #child: ChildProcess | undefined;
  #state: "init" | "running" | "exited" | "failed" = "init";
  #status = 0;
  #completed = false;

  constructor(command: Command, localFlags: number, events: SubprocessEvents) {
    this.command = command;
    this.#events = events;
    this.#ownGroup = (localFlags & LocalFlag.NO_SETPGRP) === 0;
  }

  /** Process id, -1 before it runs. */
  get pid(): number {
    return this.#child?.pid ?? -1;
  }

  /** True while it runs. */
  get running(): boolean {
    return this.#state === "running";
  }

  /** True until it has failed or completed: also while something it started holds its output open. */
  get active(): boolean {
    return this.#state !== "failed" && !this.#completed;
  }

  /** Its status as of wait(2), once it has exited. */
  get status(): number {
    return this.#status;
  }

  /** Names of the streams that are read. */
  get outputs(): string[] {
    return [...this.#outputs.keys()];
  }

  /** True when the stream is read, and at its end. */
  outputEnded(stream: string): boolean {
    return this.#outputs.get(stream)?.ended === true;
  }

  /**
   * Starts it; `started` or `failed` is called, the latter later.
   * @throws FluxError for what can be told at once: bad options, a channel named twice.
   */
  start(options: SubprocessOptions): void {
    const { command } = this;
    const { localFlags, reads } = options;
    if ((localFlags & ~LOCAL_FLAGS) !== 0) throw new FluxError("EINVAL");
    const names = [...STANDARD, ...command.channels, ...command.msgchan.map(({ name }) => name)];
    if (new Set(names).size !== names.length) throw new FluxError("EEXIST");
    for (const name of [...STANDARD, ...command.channels]) {
      bufferBytes(command, name);
      isLineBuffered(command, name);
    }
    const relays = command.msgchan.map(({ uri }) => relayPath(uri));
    const [program = "", ...args] = command.cmdline;
    const env: Record<string, string> = { ...command.env };
    names.slice(STANDARD.length).forEach((name, index) => {
      const fd = FIRST_CHANNEL_FD + index;
      env[name] = index < command.channels.length ? `${fd}` : `fd://${fd}`;
    });
    const { cwd, complaint } = workingDirectory(command.cwd);
    const fallthrough = (localFlags & LocalFlag.STDIO_FALLTHROUGH) !== 0;
    const stdio = names.map((name, index) => {
      if (index >= STANDARD.length) return "pipe" as const;
      if (fallthrough) return "inherit" as const;
      return (index === 0 ? options.input : reads(name)) ? ("pipe" as const) : ("ignore" as const);
    });
    const child = this.#spawn(program, args, { cwd, env, stdio, detached: this.#ownGroup });
    if (child === undefined) return;
    const channels = command.channels.length + STANDARD.length;
    names.forEach((name, index) => {
      const end = child.stdio[index];
      if (end === null || end === undefined) return;
      if (index >= channels) relayMessages(end as Socket, relays[index - channels]!);
      else this.#open(name, end, { reads: index > 0 && reads(name), writes: index === 0 || index > 2 });
    });
    this.#state = "running";
    this.#events.started(this.pid);
    if (complaint !== undefined && this.#outputs.has("stderr")) void this.#events.output("stderr", complaint);
    for (const [name, { size }] of this.#inputs) this.#events.credit(name, size);
  }

  /**
   * Queues bytes for a channel.
   * @throws FluxError EINVAL for one that can't be written to, EPIPE behind its end, ENOSPC when they don't fit.
   */
  write(stream: string, data: Uint8Array): void {
    this.#input(stream).write(data);
  }

  /** Passes the end of a channel on. Throws EINVAL for one that can't be written to. */
  closeInput(stream: string): void {
    this.#input(stream).end();
  }

  /**
   * Sends a signal to its process group, or to itself when it has none of its own.
   * @throws FluxError EINVAL for signal 0, ESRCH when it is over; as kill(2) otherwise.
   */
  kill(signum: number): void {
    if (signum === 0) throw new FluxError("EINVAL");
    if (!(this.#ownGroup ? this.active && this.pid > 0 : this.running)) throw new FluxError("ESRCH");
    killProcess(this.pid, signum, this.#ownGroup);
    if (stopsProcess(signum))
      whenStopped(
        this.pid,
        () => this.running,
        () => this.#events.stopped(),
      );
  }

  /** Waits for nothing any more: what it started may hold its output open for ever. */
  abandon(): void {
    for (const channel of this.#outputs.values()) channel.end();
    for (const end of this.#child?.stdio ?? []) end?.destroy();
    this.#child?.unref();
  }

  #input(stream: string): InputChannel {
    const input = this.#inputs.get(stream);
    if (input === undefined) throw new FluxError("EINVAL");
    return input;
  }

  #spawn(program: string, args: string[], options: SpawnOptions): ChildProcess | undefined {
    let child: ChildProcess;
    try {
      child = spawnProcess(program, args, options);
    } catch (thrown) {
      throw FluxError.from(thrown, "EINVAL");
    }
    child.on("error", (thrown) => {
      if (this.#state !== "init") return;
      this.#state = "failed";
      const { errno } = FluxError.from(thrown);
      this.#events.failed(new FluxError(errno, launchError(errno)));
    });
    if (child.pid === undefined) return undefined;
    child.on("exit", (code, signal) => {
      this.#state = "exited";
      this.#status = waitStatus(code, signal);
      this.#events.exited(this.#status);
      this.#check();
    });
    this.#child = child;
    return child;
  }

  #open(
    name: string,
    end: Readable | Writable,
    { reads, writes }: { reads: boolean; writes: boolean },
  ): void {
    const { command } = this;
    if (reads) {
      const buffer = new LineBuffer({
        byLine: isLineBuffered(command, name),
        maxBytes: bufferBytes(command, name),
      });
      const take = (data: Uint8Array | undefined): Promise<void> | undefined => {
        const room = this.#events.output(name, data);
        if (data === undefined) process.nextTick(() => this.#check());
        return room;
      };
      this.#outputs.set(name, new OutputChannel(end as Readable, buffer, take));
    }
    if (!writes) return;
    // What nobody asked to read is read all the same, so that the process is not held up.
    if (!reads && "resume" in end && name !== "stdin") end.resume();
    const credit = (bytes: number): void => {
      if (this.running) this.#events.credit(name, bytes);
    };
    // The process sees a channel as one file: when one side of it is closed here, so is the other.
    const ended = (): void => this.#outputs.get(name)?.end();
    this.#inputs.set(name, new InputChannel(end as Writable, bufferBytes(command, name), credit, ended));
  }

  #check(): void {
    if (this.#completed || this.#state !== "exited") return;
    for (const channel of this.#outputs.values()) if (!channel.ended) return;
    this.#completed = true;
    for (const end of this.#child?.stdio ?? []) end?.destroy();
    this.#events.completed();
  }
}

/** The text of an error of a process that could not be made. */
export function launchError(errno: number): string {
  return `error launching process: ${strerror(errno)}`;
}

const STANDARD = ["stdin", "stdout", "stderr"] as const;

/** Where a process starts: as wanted, or in /tmp with a complaint for its stderr. */
function workingDirectory(cwd: string | undefined): { cwd?: string; complaint?: Uint8Array } {
  if (cwd === undefined) return {};
  try {
    if (statSync(cwd).isDirectory()) return { cwd };
    throw new FluxError("ENOTDIR");
  } catch (thrown) {
    const { errno } = FluxError.from(thrown);
    const text = `Could not change dir to ${cwd}: ${strerror(errno)}. Going to /tmp instead\n`;
    return { cwd: "/tmp", complaint: new TextEncoder().encode(text) };
  }
}
