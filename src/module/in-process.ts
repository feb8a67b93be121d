import { errno, FluxError } from "../base/index.ts";
import { connectorPair, type FrameLink } from "../connector/index.ts";
import type { ModuleDefinition } from "./definition.ts";
import { runModule } from "./run-module.ts";

/** How the run of a module ended: `errnum` 0 for well. */
export interface ModuleEnd {
  readonly errnum: number;
  readonly text: string | undefined;
}

/** A module that was started, as the broker takes it. */
export interface ModuleRun {
  /** The broker's end of its connection. */
  readonly link: FrameLink;
  readonly pid: number | undefined;
  readonly loader: string | undefined;
  readonly ended: Promise<ModuleEnd>;
  kill(): void;
}

/**
 * Runs a module in this process. It can't be made to end: `kill` cuts its connection, and leaves it alone.
 *
 * @param maxFrameBytes - largest frame between it and the broker, in bytes; default 128 MiB.
 */
export function startInProcess(
  name: string,
  load: () => Promise<ModuleDefinition>,
  maxFrameBytes?: number,
): ModuleRun {
  const [near, far] = connectorPair(`interthread://${name}`, maxFrameBytes);
  let kill!: () => void;
  const killed = new Promise<ModuleEnd>((resolve) => {
    kill = () => {
      far.destroy();
      resolve({ errnum: errno.ECANCELED, text: undefined });
    };
  });
  const run = runModule(near, load).then(endOf, endOf);
  return { link: far, pid: undefined, loader: undefined, ended: Promise.race([run, killed]), kill };
}

function endOf(thrown: unknown): ModuleEnd {
  if (thrown === undefined) return { errnum: 0, text: undefined };
  const error = FluxError.from(thrown);
  return { errnum: error.errno, text: error.message };
}
