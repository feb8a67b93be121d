import type { ChildProcess } from "node:child_process";
import type { Socket } from "node:net";
import { FluxError } from "../base/index.ts";

/**
 * This side's end of the pipe that a process has at `fd`: a socket, for Node makes a pair of them. Its error handler has to be there already.
 * @throws FluxError EMFILE when there were no descriptors left to make it: `error` of the process is yet to come then.
 */
export function pipeOf(child: ChildProcess, fd: number): Socket {
  const streams: ChildProcess["stdio"] | undefined = child.stdio;
  const end = streams?.[fd];
  if (end === undefined || end === null) throw new FluxError("EMFILE");
  return end as Socket;
}
