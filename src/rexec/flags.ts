/** What the requester of a process wants of it: `flags` of rexec.exec and rexec.attach. Source: RFC 42. */
export const ExecFlag = Object.freeze({
  /** Standard output is forwarded. */
  STDOUT: 1,
  /** Standard error is forwarded. */
  STDERR: 2,
  /** What the process writes to its extra channels is forwarded. */
  CHANNEL: 4,
  /** Says with `add-credit` how many bytes may be written. */
  WRITE_CREDIT: 8,
  /** A background process stays, as a zombie, until its status is collected. */
  WAITABLE: 16,
});

/** How a process is made: `local_flags` of rexec.exec. Source: subprocess.h in flux-core. */
export const LocalFlag = Object.freeze({
  /** Standard streams are those of the broker. */
  STDIO_FALLTHROUGH: 1,
  /** The process stays in the broker's process group. */
  NO_SETPGRP: 2,
  /** fork(2) rather than posix_spawn(3): no difference here. */
  FORK_EXEC: 4,
});

/** Flags that a process can be made with. */
export const LOCAL_FLAGS = LocalFlag.STDIO_FALLTHROUGH | LocalFlag.NO_SETPGRP | LocalFlag.FORK_EXEC;
