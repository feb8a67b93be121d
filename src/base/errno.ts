/**
 * Linux error numbers, by table.
 *
 * Flux puts Linux numbers on the wire whatever the host is, so `os.constants.errno` (which differs on
 * other systems) is never consulted. Texts are those of the GNU C library's strerror(3).
 */
const TABLE = [
  ["EPERM", 1, "Operation not permitted"],
  ["ENOENT", 2, "No such file or directory"],
  ["ESRCH", 3, "No such process"],
  ["EINTR", 4, "Interrupted system call"],
  ["EIO", 5, "Input/output error"],
  ["ENXIO", 6, "No such device or address"],
  ["E2BIG", 7, "Argument list too long"],
  ["ENOEXEC", 8, "Exec format error"],
  ["EBADF", 9, "Bad file descriptor"],
  ["ECHILD", 10, "No child processes"],
  ["EAGAIN", 11, "Resource temporarily unavailable"],
  ["ENOMEM", 12, "Cannot allocate memory"],
  ["EACCES", 13, "Permission denied"],
  ["EFAULT", 14, "Bad address"],
  ["EBUSY", 16, "Device or resource busy"],
  ["EEXIST", 17, "File exists"],
  ["EXDEV", 18, "Invalid cross-device link"],
  ["ENODEV", 19, "No such device"],
  ["ENOTDIR", 20, "Not a directory"],
  ["EISDIR", 21, "Is a directory"],
  ["EINVAL", 22, "Invalid argument"],
  ["ENFILE", 23, "Too many open files in system"],
  ["EMFILE", 24, "Too many open files"],
  ["ENOTTY", 25, "Inappropriate ioctl for device"],
  ["EFBIG", 27, "File too large"],
  ["ENOSPC", 28, "No space left on device"],
  ["ESPIPE", 29, "Illegal seek"],
  ["EROFS", 30, "Read-only file system"],
  ["EPIPE", 32, "Broken pipe"],
  ["EDOM", 33, "Numerical argument out of domain"],
  ["ERANGE", 34, "Numerical result out of range"],
  ["EDEADLK", 35, "Resource deadlock avoided"],
  ["ENAMETOOLONG", 36, "File name too long"],
  ["ENOSYS", 38, "Function not implemented"],
  ["ENOTEMPTY", 39, "Directory not empty"],
  ["ELOOP", 40, "Too many levels of symbolic links"],
  ["ENODATA", 61, "No data available"],
  ["EPROTO", 71, "Protocol error"],
  ["EBADMSG", 74, "Bad message"],
  ["EOVERFLOW", 75, "Value too large for defined data type"],
  ["ENOTSOCK", 88, "Socket operation on non-socket"],
  ["EMSGSIZE", 90, "Message too long"],
  ["EPROTONOSUPPORT", 93, "Protocol not supported"],
  ["ENOTSUP", 95, "Operation not supported"],
  ["EADDRINUSE", 98, "Address already in use"],
  ["EADDRNOTAVAIL", 99, "Cannot assign requested address"],
  ["ENETDOWN", 100, "Network is down"],
  ["ENETUNREACH", 101, "Network is unreachable"],
  ["ECONNABORTED", 103, "Software caused connection abort"],
  ["ECONNRESET", 104, "Connection reset by peer"],
  ["ENOBUFS", 105, "No buffer space available"],
  ["EISCONN", 106, "Transport endpoint is already connected"],
  ["ENOTCONN", 107, "Transport endpoint is not connected"],
  ["ETIMEDOUT", 110, "Connection timed out"],
  ["ECONNREFUSED", 111, "Connection refused"],
  ["EHOSTUNREACH", 113, "No route to host"],
  ["EALREADY", 114, "Operation already in progress"],
  ["EINPROGRESS", 115, "Operation now in progress"],
  ["ESTALE", 116, "Stale file handle"],
  ["EDQUOT", 122, "Disk quota exceeded"],
  ["ECANCELED", 125, "Operation canceled"],
] as const;

/** The symbolic name of an error number, such as `"ENOSYS"`. */
export type ErrnoName = (typeof TABLE)[number][0];

/** Linux number of each name: `errno.ENOSYS === 38`. */
export const errno = Object.freeze(
  Object.fromEntries(TABLE.map(([name, number]) => [name, number])) as Record<ErrnoName, number>,
);

const BY_NUMBER = new Map<number, (typeof TABLE)[number]>(TABLE.map((row) => [row[1], row]));

/** The name of `number`, or undefined for one that is not in the table. */
export function errnoName(number: number): ErrnoName | undefined {
  return BY_NUMBER.get(number)?.[0];
}

/** The text strerror(3) gives for `number`; `Unknown error N` for one that is not in the table. */
export function strerror(number: number): string {
  return BY_NUMBER.get(number)?.[2] ?? `Unknown error ${number}`;
}

/** True when `name` is a name of the table. */
export function isErrnoName(name: unknown): name is ErrnoName {
  return typeof name === "string" && Object.hasOwn(errno, name);
}
