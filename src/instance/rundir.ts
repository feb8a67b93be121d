import { mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { FluxError, strerror, utf8Length } from "../base/index.ts";

/** Longest path of a run directory, in bytes: a socket's address has to hold it and the name of the socket. */
export const RUNDIR_MAX = 96;

const OWNER_RWX = 0o700;
const STICKY = 0o1000;

/**
 * The run directory of a broker, where its socket is.
 *
 * Without a given path it is a new `flux-XXXXXX` of mode 0700 in TMPDIR. A given directory that is there is used and stays; one that is
 * missing is made; inside one with the sticky bit, as /tmp has, a new one is made. What was made is removed by `remove`.
 * Source: flux-broker-attributes(7), `rundir`.
 */
export class Rundir {
  /** Absolute path. */
  readonly path: string;
  /** True when it was made here, so that `remove` takes it away. */
  readonly made: boolean;

  private constructor(path: string, made: boolean) {
    this.path = path;
    this.made = made;
  }

  /**
   * Finds or makes the directory.
   * @throws FluxError EPERM for one of another user or without rwx for its owner, ENOTDIR, ENAMETOOLONG over 96 bytes, the system's error
   *   when it can't be made.
   */
  static async open(given?: string): Promise<Rundir> {
    if (given === undefined) return Rundir.#makeIn(tmpdir());
    const path = resolve(given);
    checkLength(path);
    const mode = await modeOf(path);
    if (mode !== undefined && (mode & STICKY) !== 0) return Rundir.#makeIn(path);
    if (mode !== undefined) {
      await checkUsable(path);
      return new Rundir(path, false);
    }
    await attempt(path, mkdir(path, { mode: OWNER_RWX }));
    return new Rundir(path, true);
  }

  /** Removes the directory and all in it, if it was made here. */
  async remove(): Promise<void> {
    if (this.made) await rm(this.path, { recursive: true, force: true });
  }

  static async #makeIn(parent: string): Promise<Rundir> {
    const prefix = join(parent, "flux-");
    checkLength(`${prefix}XXXXXX`);
    return new Rundir(await attempt(parent, mkdtemp(prefix)), true);
  }
}

function checkLength(path: string): void {
  const bytes = utf8Length(path);
  if (bytes > RUNDIR_MAX) {
    throw new FluxError("ENAMETOOLONG", `rundir ${path}: ${bytes} bytes are more than ${RUNDIR_MAX}`);
  }
}

/** The mode of what is at `path`, undefined when nothing is. */
async function modeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mode;
  } catch (error) {
    const { code, errno } = FluxError.from(error);
    if (code === "ENOENT") return undefined;
    throw new FluxError(errno, `rundir ${path}: ${strerror(errno)}`, { cause: error });
  }
}

async function checkUsable(path: string): Promise<void> {
  const status = await stat(path);
  if (!status.isDirectory()) throw new FluxError("ENOTDIR", `rundir ${path}: Not a directory`);
  if (process.getuid !== undefined && status.uid !== process.getuid()) {
    throw new FluxError("EPERM", `rundir ${path} belongs to another user`);
  }
  if ((status.mode & OWNER_RWX) !== OWNER_RWX) {
    throw new FluxError("EPERM", `rundir ${path} does not grant its owner rwx`);
  }
}

async function attempt<T>(path: string, made: Promise<T>): Promise<T> {
  try {
    return await made;
  } catch (error) {
    const { errno } = FluxError.from(error);
    throw new FluxError(errno, `rundir ${path} can't be made: ${strerror(errno)}`, { cause: error });
  }
}
