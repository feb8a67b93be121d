import { chmodSync, lstatSync, rmSync, type Stats, statSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { dirname } from "node:path";
import { errno, FluxError } from "../base/index.ts";
import type { LogCause } from "../client/index.ts";
import { ADMITTED, type Credential, Role } from "../message/index.ts";
import { checkSocketPath, FrameSocket, type ReadTurns } from "../socket/index.ts";
import { type FileLock, lockFile, type ReadPeerCredentials } from "../system/index.ts";
import { type AccessPolicy, type Admission, admitByPolicy } from "./admission-policy.ts";

const BACKLOG = 511;
/** Most connections whose admission waits for the databases of users and groups. Only guests wait. */
export const MAX_UNDECIDED = 32;

export interface LocalServerOptions {
  /** Absolute path of the socket, 107 bytes at most. */
  readonly path: string;
  readonly access: AccessPolicy;
  /** Says who gets in as what, at once or after a while, in the place of `access`; it must not throw or reject. */
  readonly admit?: ((userid: number) => Admission | Promise<Admission>) | undefined;
  /** How to learn who connects; undefined where that can't be had: then the directory must be private, and who gets in is the owner. */
  readonly readPeer: ReadPeerCredentials | undefined;
  readonly maxFrameBytes: number | undefined;
  /** Runs a flush at the end of the turn of the event loop. */
  readonly schedule: (flush: () => void) => void;
  /** Why a connection that may come in does not, for there are too many; undefined when it does. Default: it does. */
  readonly refuse?: ((credential: Credential) => string | undefined) | undefined;
  /** Shares the event loop between the connections of guests. */
  readonly turns?: ReadTurns | undefined;
  /** Takes an admitted connection. */
  readonly accept: (link: FrameSocket, credential: Credential, pid: number | undefined) => void;
  /** Takes a line for the log, and who caused it: a refusal, or trouble with accepting. */
  readonly warn: (text: string, cause: LogCause) => void;
}

/** The UNIX socket of a broker: admits each connection with one byte, or refuses it with an error number. */
export class LocalServer {
  readonly #options: LocalServerOptions;
  readonly #server: Server;
  /** Held for as long as the socket is there; undefined where the system has no locks. */
  readonly #lock: FileLock | undefined;
  /** Connections whose admission is not decided yet. */
  readonly #waiting = new Set<Socket>();
  /** Connections that were admitted so far. */
  connects = 0;

  private constructor(options: LocalServerOptions, server: Server, lock: FileLock | undefined) {
    this.#options = options;
    this.#server = server;
    this.#lock = lock;
  }

  /**
   * Binds the socket, in place of a dead one, and listens. Who holds the lock of the file PATH.lock may bind: one that is busy or stopped keeps its socket.
   * @throws FluxError EINVAL for a path that is too long or has a NUL; ENOENT when its directory is not there; EPERM when peers can't be told apart and the directory is open to others; EADDRINUSE
   *   when another broker has the lock, when somebody listens all the same, or when something other than a socket is in the way; the system's error otherwise.
   */
  static async listen(options: LocalServerOptions): Promise<LocalServer> {
    try {
      return await LocalServer.#listen(options);
    } catch (error) {
      throw FluxError.from(error);
    }
  }

  static async #listen(options: LocalServerOptions): Promise<LocalServer> {
    const { path } = options;
    checkSocketPath(path);
    const directory = dirname(path);
    const stat = statSync(directory, { throwIfNoEntry: false });
    if (stat === undefined)
      throw new FluxError("ENOENT", `directory ${directory} of the socket is not there`);
    if (options.readPeer === undefined && !isPrivate(stat)) {
      throw new FluxError(
        "EPERM",
        `${directory} is open to other users and peer credentials can't be read: install koffi or use a directory of mode 0700`,
      );
    }
    const lock = await lockSocket(path, options.warn);
    try {
      await removeDeadSocket(path);
      return await LocalServer.#bind(options, lock);
    } catch (error) {
      lock?.release();
      throw error;
    }
  }

  static async #bind(options: LocalServerOptions, lock: FileLock | undefined): Promise<LocalServer> {
    const { path } = options;
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
    const local = new LocalServer(options, server, lock);
    server.on("connection", (socket) => local.#connection(socket));
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error) => reject(FluxError.from(error)));
      server.listen({ path, backlog: BACKLOG }, () => resolve());
    });
    server.on("error", (error) =>
      options.warn(`listening on ${path}: ${error.message}`, { kind: "trouble with accepting" }),
    );
    try {
      chmodSync(path, 0o777);
    } catch (error) {
      server.close();
      throw error;
    }
    return local;
  }

  /** Stops to listen and removes the socket. Connections stay, but for those that are not admitted yet. */
  close(): void {
    this.#server.close();
    this.#lock?.release();
    for (const socket of this.#waiting) socket.destroy();
  }

  #connection(socket: Socket): void {
    const { access, admit = (userid) => admitByPolicy(userid, access), readPeer } = this.#options;
    const peer = readPeer?.(socket);
    if (readPeer !== undefined && peer === undefined) {
      this.#refuse(socket, undefined, "client_authenticate: uid=unknown its credentials can't be read");
      return;
    }
    const userid = peer?.userid ?? access.owner;
    const admission = admit(userid);
    if (!(admission instanceof Promise)) {
      this.#decide(socket, userid, admission, peer?.pid);
      return;
    }
    if (this.#waiting.size >= MAX_UNDECIDED) {
      this.#refuse(socket, userid, `uid=${userid} has to wait: too many admissions are undecided`, "EAGAIN");
      return;
    }
    const ignore = (): void => {};
    this.#waiting.add(socket);
    // Until it is a connection nobody else listens for its errors.
    socket.on("error", ignore);
    void admission.then((decided) => {
      this.#waiting.delete(socket);
      socket.off("error", ignore);
      if (!socket.destroyed) this.#decide(socket, userid, decided, peer?.pid);
    });
  }

  #decide(socket: Socket, userid: number, admission: Admission, pid: number | undefined): void {
    if (typeof admission === "string") {
      this.#refuse(socket, userid, admission);
      return;
    }
    const { accept, maxFrameBytes, schedule, refuse } = this.#options;
    const why = refuse?.(admission);
    if (why !== undefined) {
      this.#refuse(socket, userid, why, "EAGAIN");
      return;
    }
    this.connects++;
    const isGuest = (admission.rolemask & Role.OWNER) === 0;
    const turns = isGuest ? this.#options.turns : undefined;
    const link = new FrameSocket(socket, { maxFrameBytes, schedule, turns });
    socket.write(Uint8Array.of(ADMITTED));
    accept(link, admission, pid);
  }

  #refuse(socket: Socket, userid: number | undefined, why: string, code: "EPERM" | "EAGAIN" = "EPERM"): void {
    this.#options.warn(why, { kind: "refused connections", userid });
    socket.on("error", () => {});
    socket.end(Uint8Array.of(errno[code]), () => socket.destroy());
  }
}

function isPrivate(stat: Stats): boolean {
  return (stat.mode & 0o077) === 0 && (process.getuid === undefined || stat.uid === process.getuid());
}

/** Takes the lock of a socket; undefined, with a warning, where the system has none. Throws EADDRINUSE when another process has it. */
async function lockSocket(path: string, warn: LocalServerOptions["warn"]): Promise<FileLock | undefined> {
  const file = `${path}.lock`;
  try {
    const lock = await lockFile(file);
    if (typeof lock !== "number") return lock;
    throw new FluxError("EADDRINUSE", `another broker has ${path}: process ${lock} holds the lock ${file}`);
  } catch (error) {
    if (!FluxError.is(error, "ENOSYS")) throw error;
    const text = `${error.message}: a broker that is started on ${path} at the same time is not kept away`;
    warn(text, { kind: "no lock of the socket" });
    return undefined;
  }
}

/** Makes way for a new socket: removes one that nobody listens on any more. Throws EADDRINUSE for any other thing at `path`. */
async function removeDeadSocket(path: string): Promise<void> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isSocket()) throw new FluxError("EADDRINUSE", `${path} exists and is no socket`);
  const answer = await probe(path);
  if (answer === "ENOENT") return;
  if (answer === undefined) throw new FluxError("EADDRINUSE", `another broker listens on ${path}`);
  if (answer !== "ECONNREFUSED")
    throw new FluxError(
      "EADDRINUSE",
      `${path} is a socket in use, for connecting to it fails with ${answer}`,
    );
  rmSync(path);
}

/**
 * Connects to a socket; resolves to the code of the error, undefined without one. Only ECONNREFUSED means that nobody has it: a broker that is busy
 * or stopped, with as many connections waiting as it takes, gives EAGAIN.
 */
function probe(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "EIO"));
  });
}
