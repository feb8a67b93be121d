import type { FrameLink } from "../connector/index.ts";
import type { JsonObject } from "../json/index.ts";

/** What a module.load request names. */
export interface ModuleTarget {
  /** A path, which has a slash, or a name to search for. */
  readonly path: string;
  /** Name to load it under instead of its own. */
  readonly name: string | undefined;
  /** Program that runs it, instead of the one its suffix calls for: a path, or a command of flux(1). */
  readonly loader: string | undefined;
  /** True: in a process of its own. */
  readonly exec: boolean;
}

/** What a module that starts is given of its broker. */
export interface ModuleSurroundings {
  /** Where clients connect; undefined without a socket. */
  readonly uri: string | undefined;
  readonly maxFrameBytes: number | undefined;
  /** Runs a flush at the end of the turn of the event loop. */
  readonly schedule: (flush: () => void) => void;
}

/** How the run of a module ended: `errnum` 0 for well, and what there is to say when it ended without reporting by itself. */
export interface ModuleEnd {
  readonly errnum: number;
  readonly text: string | undefined;
}

/** A module that was started. It opens with taking a `welcome` request, and speaks RFC 5 from there on. */
export interface ModuleRun {
  /** The broker's end of its connection. */
  readonly link: FrameLink;
  /** Its process, unless that is the broker's. */
  readonly pid: number | undefined;
  /** Who runs it, for the log; undefined in the broker's process. */
  readonly loader: string | undefined;
  /** Resolves when nothing of it runs any more. */
  readonly ended: Promise<ModuleEnd>;
  /** Ends it whether it answers or not. */
  kill(): void;
}

/** A module that was found. */
export interface ModuleSource {
  readonly name: string;
  /** Absolute path of its file. */
  readonly path: string;
  start(surroundings: ModuleSurroundings): ModuleRun;
}

/** Finds modules and starts them: the port that the room module/ fits. */
export interface ModuleLoader {
  /**
   * @throws FluxError ENOENT when there is no such module, EINVAL for what no loader takes.
   */
  find(target: ModuleTarget): Promise<ModuleSource>;
}

/** The configuration, for modules: the port that the room config/ fits. */
export interface ModuleConfig {
  /** What holds now. */
  readonly current: JsonObject;
  /** Asks `listener` about each update, which it may refuse by throwing, until the returned function is called. */
  listen(name: string, listener: (config: JsonObject) => Promise<void>): () => void;
}
