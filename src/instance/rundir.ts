import { lstat, mkdir, mkdtemp, readlink, stat, symlink, unlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { FluxError, errno as numbers, strerror, utf8Length } from "../base/index.ts";
import { type FolderIdentity, folderIdentity, removeTree } from "../system/index.ts";

/** Longest path of a run directory, in bytes: a socket's address has to hold it and the name of the socket. */
export const RUNDIR_MAX = 96;

/** Longest path that is looked at, in bytes. */
const PATH_MAX = 1000;

const OWNER_RWX = 0o700;
const STICKY = 0o1000;

export interface RundirOptions {
  /** The attribute that names the directory, and is named in errors. */
  readonly attribute: "rundir" | "statedir";
  /** Its value; undefined for a new directory in `base`. */
  readonly path: string | undefined;
  /** Where new directories are made. */
  readonly base: string;
  /** The attribute `rundir-cleanup` or `statedir-cleanup`: `"0"` keeps the directory, others remove it, whoever made it. */
  readonly cleanup?: string | undefined;
}

/**
 * The run directory of a broker, where its socket is; or its state directory.
 *
 * Without a given path it is a new `flux-XXXXXX` of mode 0700. A given directory that is there is used and stays; one that is
 * missing is made; inside one with the sticky bit, as /tmp has, a new one is made. What was made is removed by `remove`. A symbolic link of another user may not
 * lead to it: that user would choose the directory, and could choose another one later.
 * Source: flux-broker-attributes(7), `rundir`, `statedir`.
 */
export class Rundir {
  /** Absolute path. */
  readonly path: string;
  /** True when `remove` takes it away: it was made here, or that was asked for. */
  readonly made: boolean;
  /** Which directory it is; undefined for a symbolic link to it. */
  readonly #identity: FolderIdentity | undefined;
  /** The directory that `link` made. */
  #linked: FolderIdentity | undefined;

  private constructor(path: string, made: boolean, identity: FolderIdentity | undefined) {
    this.path = path;
    this.made = made;
    this.#identity = identity;
  }

  /**
   * Finds or makes the directory.
   * @throws FluxError EPERM for one of another user, behind a symbolic link of another user or without rwx for its owner, ENOTDIR, ENAMETOOLONG for a run directory over 96 bytes, the
   *   system's error when it can't be made.
   */
  static async open(options: RundirOptions): Promise<Rundir> {
    const { path, made } = await find(options);
    await checkDirectory(path, options.attribute);
    const isLink = (await lstat(path)).isSymbolicLink();
    const identity = isLink ? undefined : await folderIdentity(path);
    if (options.attribute === "rundir") checkLength(path);
    const { cleanup } = options;
    return new Rundir(path, cleanup === undefined ? made : cleanup !== "0", identity);
  }

  /** Puts a link to `target` under the name `bin/flux`, so that a remote shell finds the command; one that is there stays. */
  async link(target: string): Promise<void> {
    try {
      await mkdir(join(this.path, "bin"), { mode: 0o755 });
      this.#linked = await folderIdentity(join(this.path, "bin"));
      await symlink(target, join(this.path, "bin", "flux"));
    } catch (error) {
      const { code, errno } = FluxError.from(error);
      if (code !== "EEXIST")
        throw new FluxError(errno, `rundir symlink ${this.path}/bin/flux: ${strerror(errno)}`);
    }
  }

  /**
   * Removes the directory and all in it if it was made here, else what `link` made. Another directory that is at the path now stays; of a symbolic link
   * only the link is removed, if it may be.
   */
  async remove(): Promise<void> {
    if (this.#linked !== undefined) await removeTree(join(this.path, "bin"), this.#linked);
    if (!this.made) return;
    if (this.#identity !== undefined) await removeTree(this.path, this.#identity);
    else if ((await lstat(this.path).catch(() => undefined))?.isSymbolicLink() === true)
      await unlink(this.path).catch(() => {});
  }
}

/**
 * Checks that a directory is there, belongs to this user, and grants its owner everything; `name` begins the errors.
 * @throws FluxError ENOENT, EPERM, ENOTDIR.
 */
export async function checkDirectory(path: string, name: string): Promise<void> {
  const status = await stat(path).catch((error: unknown) => {
    const { errno } = FluxError.from(error);
    throw new FluxError(errno, `${name} cannot stat ${path}: ${strerror(errno)}`);
  });
  if (process.getuid !== undefined && status.uid !== process.getuid())
    throw new FluxError(
      "EPERM",
      `${name} ${path} is not owned by instance owner: ${strerror(numbers.EPERM)}`,
    );
  if (!status.isDirectory()) throw new FluxError("ENOTDIR", `${name} ${path}: ${strerror(numbers.ENOTDIR)}`);
  if ((status.mode & OWNER_RWX) !== OWNER_RWX)
    throw new FluxError("EPERM", `${name} ${path} does not have owner=rwx permissions`);
}

/** Most symbolic links on the way to a directory, as the system has it. */
const LINKS_MAX = 40;

/**
 * Checks that each symbolic link on the way along an absolute path belongs to this user or root; `name` begins the errors.
 * @throws FluxError EPERM, ELOOP.
 */
async function checkLinks(path: string, name: string): Promise<void> {
  let links = 0;
  const left = path.split("/").filter((part) => part !== "");
  let at = "/";
  while (left.length > 0) {
    const next = resolve(at, left.shift()!);
    const status = await lstat(next).catch(() => undefined);
    // What is missing, or can't be looked at, has no links behind it that lead anywhere.
    if (status === undefined) return;
    if (!status.isSymbolicLink()) {
      at = next;
      continue;
    }
    if (process.getuid !== undefined && status.uid !== process.getuid() && status.uid !== 0)
      throw new FluxError("EPERM", `${name} ${path}: ${next} is a symbolic link of user ${status.uid}`);
    if (++links > LINKS_MAX) throw new FluxError("ELOOP", `${name} ${path}: ${strerror(numbers.ELOOP)}`);
    const target = await readlink(next);
    if (target.startsWith("/")) at = "/";
    left.unshift(...target.split("/").filter((part) => part !== ""));
  }
}

async function find({ attribute, path, base }: RundirOptions): Promise<{ path: string; made: boolean }> {
  if (path === undefined) return { path: await makeIn(base, attribute), made: true };
  const absolute = resolve(path);
  if (attribute === "rundir") checkLength(absolute);
  await checkLinks(absolute, attribute);
  const mode = await modeOf(absolute);
  if (mode === undefined) {
    await mkdir(absolute, { mode: OWNER_RWX }).catch((error: unknown) => {
      const { errno } = FluxError.from(error);
      throw new FluxError(errno, `${attribute} error creating ${absolute}: ${strerror(errno)}`);
    });
    return { path: absolute, made: true };
  }
  if ((mode & STICKY) !== 0) return { path: await makeIn(absolute, attribute), made: true };
  return { path: absolute, made: false };
}

async function makeIn(parent: string, attribute: string): Promise<string> {
  const prefix = join(parent, "flux-");
  if (utf8Length(prefix) > PATH_MAX)
    throw new FluxError(
      "ENAMETOOLONG",
      `${attribute} buffer overflow: TMPDIR of ${utf8Length(parent)} bytes`,
    );
  if (attribute === "rundir") checkLength(`${prefix}XXXXXX`);
  return mkdtemp(prefix).catch((error: unknown) => {
    const { errno } = FluxError.from(error);
    throw new FluxError(errno, `${attribute} cannot create directory in ${parent}: ${strerror(errno)}`);
  });
}

function checkLength(path: string): void {
  const bytes = utf8Length(path);
  if (bytes > RUNDIR_MAX) {
    throw new FluxError(
      "ENAMETOOLONG",
      `rundir length of ${bytes} bytes exceeds max ${RUNDIR_MAX} to allow for AF_UNIX socket creation: ${path}`,
    );
  }
}

/** The mode of what is at `path`, undefined when nothing is, or nothing that can be looked at. */
async function modeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mode;
  } catch {
    return undefined;
  }
}
