import type * as ZeroMq from "zeromq";
import { FluxError } from "../base/index.ts";

export type ZeroMqModule = typeof ZeroMq;
export type ZeroMqContext = ZeroMq.Context;
export type RouterSocket = ZeroMq.Router;
export type DealerSocket = ZeroMq.Dealer;
export type ReplySocket = ZeroMq.Reply;
export type SocketEvents = ZeroMq.Observer;
export type SocketEvent = Awaited<ReturnType<SocketEvents["receive"]>>;

/**
 * Loads ZeroMQ, which only a broker with peers needs.
 * @throws FluxError ENOSYS when the optional package `zeromq` is not installed, or doesn't load or lacks CURVE here.
 */
export async function loadZeroMq(): Promise<ZeroMqModule> {
  let zeromq: ZeroMqModule;
  try {
    zeromq = await import("zeromq");
  } catch (error) {
    throw new FluxError(
      "ENOSYS",
      `a broker with peers needs the package zeromq: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  }
  if (zeromq.capability?.curve !== true) throw new FluxError("ENOSYS", "zeromq was built without CURVE");
  return zeromq;
}

/**
 * Contexts that no socket uses any more, by their number of IO threads. The package ends a context, and its two threads, with the process
 * only: so a process that opens one transport after another uses them again.
 */
const idle = new Map<number, ZeroMqContext[]>();

/** A context of one's own, which names of `inproc://` and ZAP belong to; to be given back by `returnContext` once its sockets are closed. */
export function takeContext(zeromq: ZeroMqModule, ioThreads: number): ZeroMqContext {
  return idle.get(ioThreads)?.pop() ?? new zeromq.Context({ ioThreads });
}

export function returnContext(context: ZeroMqContext, ioThreads: number): void {
  const contexts = idle.get(ioThreads);
  if (contexts === undefined) idle.set(ioThreads, [context]);
  else contexts.push(context);
}
