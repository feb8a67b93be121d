import { mkdtemp, stat } from "node:fs/promises";
import { join } from "node:path";
import { FluxError } from "../base/index.ts";
import { FLUX_VERSION, LocalServer } from "../broker/index.ts";
import { type Flux, type Log, LogSummary, type Status } from "../client/index.ts";
import { connect, type Environment } from "../connect/index.ts";
import { parseUri } from "../connector/index.ts";
import { loadPeerCredentials, removeTree } from "../system/index.ts";
import { ProxyRouter } from "./proxy-router.ts";

export interface ProxyOptions {
  /** Where the broker is: `local://` or `ssh://`. */
  readonly uri: string;
  /** Goes on when the broker is of another version. Default false. */
  readonly force?: boolean | undefined;
  /** Makes a lost connection again instead of ending. Default false. */
  readonly reconnect?: boolean | undefined;
  /** Largest frame taken and sent, in bytes without the preamble of 8; from 1,024 on, default 128 MiB. */
  readonly maxFrameBytes?: number | undefined;
  /** Default `process.env`. */
  readonly env?: Environment | undefined;
  /** Takes what there is to say, a line each time. */
  readonly onLog: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Longest time for what is queued for the clients when the proxy ends, in milliseconds. */
const LINGER_MS = 200;

/**
 * A local socket that stands for a broker elsewhere: programs connect to it as to a broker, and share one connection to the real one.
 *
 * Owner: who started it. Only the user's own programs get in. Ends with `stop`. Source: flux-proxy(1).
 */
export class ProxyServer implements AsyncDisposable {
  /** What programs connect to. */
  readonly uri: string;
  /** `[user@]host` of an ssh:// broker: what FLUX_PROXY_REMOTE tells programs. */
  readonly remote: string | undefined;
  /** Resolves when the connection to the broker is lost for good. */
  readonly lost: Promise<void>;
  readonly #flux: Flux;
  readonly #router: ProxyRouter;
  readonly #server: LocalServer;
  readonly #directory: string;
  readonly #summary: LogSummary;
  #stopping: Promise<void> | undefined;

  private constructor(
    options: ProxyOptions,
    parts: {
      flux: Flux;
      router: ProxyRouter;
      server: LocalServer;
      directory: string;
      summary: LogSummary;
      lost: Promise<void>;
    },
  ) {
    this.#flux = parts.flux;
    this.#router = parts.router;
    this.#server = parts.server;
    this.#directory = parts.directory;
    this.#summary = parts.summary;
    this.lost = parts.lost;
    this.uri = `local://${join(parts.directory, "local")}`;
    this.remote = remoteOf(options.uri);
  }

  /**
   * Connects to the broker and begins to listen.
   * @throws FluxError as `connect` does; EPROTO when the broker is of another version and `force` is not set.
   */
  static async start(options: ProxyOptions): Promise<ProxyServer> {
    const { uri, signal, reconnect = false, env = process.env, maxFrameBytes, onLog } = options;
    const link = new Link(onLog);
    const summary = new LogSummary({ write: (_level, text) => onLog(text) });
    const log: Log = (level, text, cause) =>
      cause === undefined ? onLog(text) : summary.report(level, text, cause);
    const flux = await connect(uri, {
      env,
      signal,
      reconnect,
      maxFrameBytes,
      appname: "proxy",
      onStatus: (status, reason) => link.changed(status, reason),
      onLog: (_level, text) => onLog(text),
    });
    let directory: string | undefined;
    try {
      checkVersion(await flux.attributes.get("version", { signal }), options);
      const router = new ProxyRouter({ flux, reconnects: reconnect, maxFrameBytes, log });
      link.join(flux, router);
      directory = await mkdtemp(join(await temporaryFolder(env, onLog), "flux-proxy-"));
      const server = await LocalServer.listen({
        path: join(directory, "local"),
        access: { owner: process.getuid?.() ?? 0 },
        readPeer: loadPeerCredentials(),
        maxFrameBytes,
        schedule: process.nextTick,
        accept: (socket) => router.connect(socket),
        warn: (text, cause) => log("err", text, cause),
      });
      return new ProxyServer(options, { flux, router, server, directory, summary, lost: link.lost });
    } catch (error) {
      await flux.close();
      if (directory !== undefined) await removeTree(directory);
      throw error;
    }
  }

  /** Closes the clients, then the connection to the broker, and removes the socket. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #stop(): Promise<void> {
    this.#server.close();
    await this.#router.close(LINGER_MS);
    await this.#flux.close();
    this.#summary.close();
    await removeTree(this.#directory);
  }
}

/** What follows from the changes of the connection to the broker. */
class Link {
  readonly lost: Promise<void>;
  readonly #log: (text: string) => void;
  #flux: Flux | undefined;
  #router: ProxyRouter | undefined;
  #setLost!: () => void;
  /** How often the connection was made: what is done for one ends with it. */
  #connections = 0;

  constructor(log: (text: string) => void) {
    this.#log = log;
    this.lost = new Promise((resolve) => {
      this.#setLost = resolve;
    });
  }

  join(flux: Flux, router: ProxyRouter): void {
    this.#flux = flux;
    this.#router = router;
  }

  changed(status: Status, reason: FluxError | undefined): void {
    if (status === "closed") this.#setLost();
    else if (status === "reconnecting") {
      this.#log(`broker: ${reason?.message ?? "lost"}`);
      this.#log("reconnecting");
      this.#router?.suspend();
    } else void this.#resume();
  }

  /** The broker may be one that has just started: it is waited for. */
  async #resume(): Promise<void> {
    const connection = ++this.#connections;
    try {
      await this.#flux?.call("state-machine.wait");
    } catch (error) {
      // Not every broker has states; one that is lost again comes back here.
      const { code, message } = FluxError.from(error);
      if (code !== "ENOSYS") this.#log(`state-machine.wait: ${message}`);
    }
    if (this.#flux?.status !== "connected" || connection !== this.#connections) return;
    await this.#router?.resume();
    this.#log("reconnected");
  }
}

function checkVersion(version: string, { force, onLog }: ProxyOptions): void {
  if (/^\d+\.\d+\.\d+/.test(version) && majorMinor(version) === majorMinor(FLUX_VERSION)) return;
  const text = `proxy version ${FLUX_VERSION} may not interoperate with broker version ${version}`;
  if (force !== true) throw new FluxError("EPROTO", `fatal: ${text} (--force to connect anyway)`);
  onLog(`warning: ${text}`);
}

function majorMinor(version: string): string {
  return version.split(".", 2).join(".");
}

async function temporaryFolder(env: Environment, onLog: (text: string) => void): Promise<string> {
  const folder = env["TMPDIR"];
  if (folder === undefined || folder === "") return "/tmp";
  const isFolder = await stat(folder).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
  if (isFolder) return folder;
  onLog(`TMPDIR (${folder}) is not a directory. Using /tmp instead`);
  return "/tmp";
}

function remoteOf(uri: string): string | undefined {
  const { scheme, path } = parseUri(uri);
  return scheme === "ssh" ? path?.replace(/\/.*$/, "").replace(/:\d+$/, "") : undefined;
}
