import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from "node:fs";
import { errno, FluxError, strerror } from "../base/index.ts";
import { libcErrno, libcFunction } from "./libc.ts";
import { spawnProcess } from "./spawn-process.ts";

/** A lock that this process holds. The kernel releases it when the process ends, whatever ends it. */
export interface FileLock {
  /** Releases the lock and removes its file. A second call does nothing. */
  release(): void;
}

export interface LockOptions {
  /** Locks by flock(1) also where koffi is there. Default false. */
  readonly byProgram?: boolean | undefined;
}

const OWNER_RW = 0o600;
const ATTEMPTS = 100;
/** LOCK_EX and LOCK_NB of flock(2). */
const EXCLUSIVE_NOW = 2 | 4;
/** O_EXLOCK of the BSDs, macOS among them: open(2) locks there. */
const O_EXLOCK = 0x20;
type Flock = (fd: number, operation: number) => number;

/** Exit status of flock(1) when another process has the lock. */
const TAKEN = 1;

/**
 * Locks the file at `path`, which is made if it is missing, as flock(2) does: one process has the lock, in whatever namespaces it runs, and it ends with that
 * process. The file tells the process id of the holder, for people.
 *
 * The system call goes through the optional package koffi; without it flock(1) locks the open file that both processes share.
 * @returns the lock, or the process id that the file tells, 0 for none, when another process holds it
 * @throws FluxError EPERM for a file of another user or something other than a file, ENOSYS with neither koffi nor flock(1), else the system's error
 */
export async function lockFile(
  path: string,
  { byProgram = false }: LockOptions = {},
): Promise<FileLock | number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const fd = open(path);
    if (fd === undefined) return holderOf(path);
    try {
      const status = fstatSync(fd);
      const isOwn = process.geteuid === undefined || status.uid === process.geteuid();
      // One with a second name may be somebody's file, and what it holds is overwritten.
      if (!status.isFile() || !isOwn || status.nlink > 1)
        throw new FluxError("EPERM", `${path} is not a file of this user with one name: it can't be a lock`);
      if (!(await lock(fd, path, byProgram))) {
        const holder = readHolder(fd);
        closeSync(fd);
        return holder;
      }
      // Between open and lock the holder may have removed the file: what is locked then is nobody's lock.
      if (isAt(path, fd)) return hold(path, fd);
    } catch (error) {
      closeSync(fd);
      throw FluxError.from(error);
    }
    closeSync(fd);
  }
  throw new FluxError("EBUSY", `can't lock ${path}: its file is exchanged all the time`);
}

/** Opens the file; undefined when it is locked already, where opening locks. */
function open(path: string): number | undefined {
  const { O_RDWR, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  const flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | (locksByOpen ? O_EXLOCK : 0);
  try {
    return openSync(path, flags, OWNER_RW);
  } catch (error) {
    if (locksByOpen && (error as NodeJS.ErrnoException).code === "EAGAIN") return undefined;
    throw FluxError.from(error);
  }
}

const locksByOpen = process.platform === "darwin" || process.platform === "freebsd";

async function lock(fd: number, path: string, byProgram: boolean): Promise<boolean> {
  if (locksByOpen) return true;
  const flock = byProgram ? undefined : libcFunction<Flock>("int flock(int, int)");
  if (flock === undefined) return lockByProgram(fd, path);
  while (flock(fd, EXCLUSIVE_NOW) !== 0) {
    const error = libcErrno();
    if (error === errno.EAGAIN) return false;
    if (error !== errno.EINTR)
      throw new FluxError(error || errno.EIO, `can't lock ${path}: ${strerror(error)}`);
  }
  return true;
}

/** Locks an open file by flock(1): the lock belongs to the open file, which that program shares with this process and leaves locked. */
function lockByProgram(fd: number, path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawnProcess("flock", ["-x", "-n", "3"], { stdio: ["ignore", "ignore", "pipe", fd] });
    let said = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(0, 1000);
    });
    child.once("error", (error: NodeJS.ErrnoException) => {
      const text = `can't lock ${path}: neither the optional package koffi nor the program flock is there`;
      reject(error.code === "ENOENT" ? new FluxError("ENOSYS", text) : FluxError.from(error));
    });
    child.once("close", (status) => {
      if (status === 0 || status === TAKEN) resolve(status === 0);
      else reject(new FluxError("EIO", `can't lock ${path}: ${said.trim() || `flock ended with ${status}`}`));
    });
  });
}

function hold(path: string, fd: number): FileLock {
  ftruncateSync(fd);
  writeSync(fd, `${process.pid}\n`);
  let held = true;
  return {
    release() {
      if (!held) return;
      held = false;
      // While it is still locked: who waits for it looks again.
      if (isAt(path, fd)) rmSync(path, { force: true });
      closeSync(fd);
    },
  };
}

/** True when the open file is the one at `path`. */
function isAt(path: string, fd: number): boolean {
  const entry = lstatSync(path, { throwIfNoEntry: false });
  const { dev, ino } = fstatSync(fd);
  return entry?.dev === dev && entry.ino === ino;
}

function holderOf(path: string): number {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    return readHolder(fd);
  } finally {
    closeSync(fd);
  }
}

function readHolder(fd: number): number {
  const text = Buffer.alloc(20);
  const length = readSync(fd, text, 0, text.length, 0);
  return Number(/^\d+/.exec(text.toString("latin1", 0, length))?.[0] ?? 0);
}
