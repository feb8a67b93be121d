import { constants, existsSync } from "node:fs";
import { type FileHandle, lstat, open, readdir, rmdir, unlink } from "node:fs/promises";
import { FluxError } from "../base/index.ts";

/** Which folder it is, whatever its path leads to later. */
export interface FolderIdentity {
  readonly dev: number;
  readonly ino: number;
}

const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * Removes a folder of this user with all in it. No symbolic link is followed: a link at `path` stays with what it leads to, one further down is removed itself. On Linux
 * that holds also while somebody exchanges folders and links, for each folder is worked on as it was opened.
 * @param identity - the folder that is meant: another one at `path` stays.
 * @returns false when what is at `path` is not the folder that is meant, or another user's; true when it is gone.
 * @throws FluxError the system's error when something in it can't be removed
 */
export async function removeTree(path: string, identity?: FolderIdentity): Promise<boolean> {
  try {
    const folder = await openFolder(Buffer.from(path));
    if (folder === undefined) return (await statusOf(path)) === undefined;
    try {
      const { dev, ino, uid } = await folder.stat();
      const isMeant = identity === undefined || (identity.dev === dev && identity.ino === ino);
      if (!isMeant || (process.geteuid !== undefined && uid !== process.geteuid())) return false;
      await empty(folder, Buffer.from(path));
    } finally {
      await folder.close();
    }
    await rmdir(path);
    return true;
  } catch (error) {
    throw FluxError.from(error);
  }
}

/** Opens a folder; undefined when it is not there, or is a link or something else. */
async function openFolder(path: Buffer): Promise<FileHandle | undefined> {
  try {
    return await open(path, FOLDER);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP") return undefined;
    throw error;
  }
}

async function empty(folder: FileHandle, path: Buffer): Promise<void> {
  // Where /proc is, its name for the open folder: nobody can put another folder there.
  const opened = `/proc/self/fd/${folder.fd}`;
  const base = existsSync(opened) ? Buffer.from(opened) : path;
  for (const name of await readdir(base, { encoding: "buffer" })) {
    const entry = Buffer.concat([base, Buffer.from("/"), name]);
    const inner = (await lstat(entry)).isDirectory() ? await openFolder(entry) : undefined;
    if (inner === undefined) {
      await unlink(entry).catch(ignoreMissing);
      continue;
    }
    try {
      await empty(inner, entry);
    } finally {
      await inner.close();
    }
    await rmdir(entry).catch(ignoreMissing);
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}

async function statusOf(path: string): Promise<FolderIdentity | undefined> {
  return lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
}

/**
 * The identity of the folder at `path`.
 * @throws FluxError ENOTDIR for something else, a symbolic link too; the system's error when it is not there
 */
export async function folderIdentity(path: string): Promise<FolderIdentity> {
  const status = await lstat(path).catch((error: unknown) => {
    throw FluxError.from(error);
  });
  if (!status.isDirectory()) throw new FluxError("ENOTDIR", `${path} is not a folder`);
  return { dev: status.dev, ino: status.ino };
}
