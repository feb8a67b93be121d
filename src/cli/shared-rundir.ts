import { mkdir, mkdtemp, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { FluxError, strerror } from "../base/index.ts";
import { type FolderIdentity, folderIdentity, removeTree } from "../system/index.ts";

const OWNER_RWX = 0o700;
const STICKY = 0o1000;

/**
 * The run directory that the ranks of a test instance share. Without a path it is a new one in $TMPDIR; one that is there stays; one that is missing is
 * made; inside one with the sticky bit, as /tmp has, a new one is made. The ranks check it. Source: flux-start(1), --rundir.
 */
export class SharedRundir {
  /** Absolute path. */
  readonly path: string;
  /** True when it was made here, and is removed by `remove`. */
  readonly made: boolean;
  readonly #identity: FolderIdentity | undefined;

  private constructor(path: string, identity: FolderIdentity | undefined) {
    this.path = path;
    this.made = identity !== undefined;
    this.#identity = identity;
  }

  /** @throws FluxError the system's error when it can't be made. */
  static async open(path: string | undefined, env: NodeJS.ProcessEnv): Promise<SharedRundir> {
    if (path === undefined) return await SharedRundir.#makeIn(env["TMPDIR"] || "/tmp");
    const absolute = resolve(path);
    const status = await stat(absolute).catch(() => undefined);
    if (status === undefined) {
      await mkdir(absolute, { mode: OWNER_RWX }).catch((error: unknown) => refuse(error, absolute));
      return new SharedRundir(absolute, await folderIdentity(absolute));
    }
    return (status.mode & STICKY) === 0
      ? new SharedRundir(absolute, undefined)
      : await SharedRundir.#makeIn(absolute);
  }

  async remove(): Promise<void> {
    if (this.#identity !== undefined) await removeTree(this.path, this.#identity);
  }

  static async #makeIn(parent: string): Promise<SharedRundir> {
    const path = await mkdtemp(join(resolve(parent), "flux-")).catch((error: unknown) =>
      refuse(error, parent),
    );
    return new SharedRundir(path, await folderIdentity(path));
  }
}

function refuse(error: unknown, path: string): never {
  const { errno } = FluxError.from(error);
  throw new FluxError(errno, `rundir error creating ${path}: ${strerror(errno)}`);
}
