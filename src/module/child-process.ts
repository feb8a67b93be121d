import { constants } from "node:os";
import { errno, FluxError, strerror, strsignal } from "../base/index.ts";
import { ADMITTED } from "../message/index.ts";
import { FrameSocket, pipeOf } from "../socket/index.ts";
import { spawnProcess } from "../system/index.ts";
import type { ModuleEnd, ModuleRun } from "./in-process.ts";

/** Descriptor at which a module's process finds its connection. */
const MODULE_FD = 3;

export interface ProcessOptions {
  /** Program and arguments. */
  readonly command: readonly string[];
  /** What it is called in the log. */
  readonly loader: string;
  readonly env: Readonly<NodeJS.ProcessEnv>;
  readonly maxFrameBytes: number | undefined;
  readonly schedule: (flush: () => void) => void;
}

/**
 * Runs a module in a process of its own, which finds its connection by FLUX_MODULE_URI: one end of a socket pair. Its output goes where the broker's
 * goes. Throws EMFILE when there are no descriptors left for it. Source: RFC 5; msgchan.c in flux-core.
 */
export function startProcess({ command, loader, env, maxFrameBytes, schedule }: ProcessOptions): ModuleRun {
  const [file, ...args] = command;
  const child = spawnProcess(file!, args, {
    // Node makes a pair of UNIX sockets for a pipe.
    stdio: ["ignore", "inherit", "inherit", "pipe"],
    // Ctrl-C is for the broker, which ends its modules in good order.
    detached: true,
    env: { ...env, FLUX_MODULE_URI: `fd://${MODULE_FD}` },
  });
  const ended = new Promise<ModuleEnd>((resolve) => {
    child.once("error", (thrown) => {
      const error = FluxError.from(thrown);
      resolve({ errnum: error.errno, text: `loader (${loader}) failed: ${strerror(error.errno)}` });
    });
    child.once("exit", (code, signal) => {
      resolve({ errnum: errno.EINVAL, text: `loader (${loader}) ${describeExit(code, signal)}` });
    });
  });
  const socket = pipeOf(child, MODULE_FD);
  socket.allowHalfOpen = true;
  const link = new FrameSocket(socket, { maxFrameBytes, schedule });
  socket.write(Uint8Array.of(ADMITTED));
  return { link, pid: child.pid, loader, ended, kill: () => child.kill("SIGKILL") };
}

function describeExit(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal !== null) return `killed by ${strsignal(constants.signals[signal])}`;
  return code === 0
    ? "exited with exit code 0 but did not report module status"
    : `exited with exit code ${code}`;
}
