import { basename } from "node:path";
import { FluxError } from "../base/index.ts";
import { Flux, type FluxOptions, guarded } from "../client/index.ts";
import { ancestorLevels, type Connector, DEFAULT_URI, loopConnector, parseUri } from "../connector/index.ts";
import { connectFd, connectLocal, connectSsh } from "../socket/index.ts";
import { type Environment, readEnvironment } from "./environment.ts";
import { followable, isForeign, type SourcedUri } from "./foreign-uri.ts";
import { traceToStderr } from "./trace.ts";

export interface ConnectOptions extends FluxOptions {
  /** Gives up connecting; the promise rejects with ECANCELED. */
  readonly signal?: AbortSignal | undefined;
  /** Further tries after the first failed one; default 5 or FLUX_LOCAL_CONNECTOR_RETRY_COUNT. They take half a second in all. */
  readonly retries?: number | undefined;
  /** Where FLUX_URI and its kin are looked up; default `process.env`. */
  readonly env?: Environment | undefined;
  /**
   * Follows an `ssh://` URI of a parent instance also when the broker that names it belongs to another user: that URI chooses what ssh runs. Default false.
   */
  readonly trustForeignUri?: boolean | undefined;
}

/**
 * Connects to a Flux broker, fluxbus's or flux-core's.
 *
 * @param uri - `local://PATH`, `ssh://[user@]host[:port]/PATH`, `loop://`, or an ancestor of the instance in the environment (`..`, `../..`, `/`). Default: FLUX_URI, or the
 *   instance of the system at `local:///run/flux/local`.
 * @returns an open handle.
 * @throws FluxError ENOENT when no broker is there or the scheme is unknown, ECONNREFUSED when it does not listen, EPERM when it refuses this
 *   user or when the way to an ancestor leads through an `ssh://` URI of another user (see `trustForeignUri`), EINVAL for a malformed URI or environment.
 *   Source: flux_open(3).
 */
export async function connect(uri?: string, options: ConnectOptions = {}): Promise<Flux> {
  return (await connectTo(uri, options)).flux;
}

/** A handle, and who gives the URIs that the broker names. */
export interface Connection {
  readonly flux: Flux;
  /** A URI that the broker has given, with the broker as its source. To be called while the handle is open. */
  source(uri: string): SourcedUri;
}

/** As `connect`, and tells whose the URIs of the broker are. */
export async function connectTo(uri: string | undefined, options: ConnectOptions = {}): Promise<Connection> {
  const environment = readEnvironment(options.env ?? process.env);
  const target = uri ?? environment.uri ?? DEFAULT_URI;
  const retries = options.retries ?? environment.retries;
  const { onLog, maxFrameBytes, env = process.env } = options;
  const logStderr = guarded(onLog, () => {});
  const onStderr = logStderr && ((text: string) => logStderr("warning", text.trimEnd()));
  const reach: Reach = { retries, maxFrameBytes, env, onStderr, trust: options.trustForeignUri };
  const levels = ancestorLevels(target);
  const resolved =
    levels === undefined
      ? target
      : await ancestorUri(levels, environment.uri ?? DEFAULT_URI, { ...reach, signal: options.signal });
  const open = (signal?: AbortSignal): Promise<Connector> => openConnector(resolved, { ...reach, signal });
  const connector = await open(options.signal);
  const flux = new Flux(connector, open, {
    ...options,
    userid: options.userid ?? environment.userid,
    rolemask: options.rolemask ?? environment.rolemask,
    proxyRemote: options.proxyRemote ?? environment.proxyRemote,
    trace: options.trace ?? (environment.trace ? traceToStderr : undefined),
    appname: options.appname ?? basename(process.argv[1] ?? "fluxbus"),
    procid: options.procid ?? String(process.pid),
  });
  return { flux, source: (given) => sourceOf(given, connector) };
}

/**
 * A URI that a broker has given. That of a broker behind ssh:// counts as the caller's: whoever follows an ssh:// URI runs the `flux` beside that broker anyway.
 */
function sourceOf(uri: string, connector: Connector): SourcedUri {
  // To ask the system costs some milliseconds, and a URI that runs no program may come from anybody.
  if (parseUri(uri).scheme === "local") return { uri, foreign: undefined };
  const { peerUserid } = connector;
  const isOther = peerUserid !== undefined && isForeign(peerUserid);
  return { uri, foreign: isOther ? `the broker of user ${peerUserid} at ${connector.uri}` : undefined };
}

interface Reach {
  readonly retries: number | undefined;
  readonly maxFrameBytes: number | undefined;
  readonly env: Environment;
  /** Takes what ssh says once the connection stands. */
  readonly onStderr: ((text: string) => void) | undefined;
  readonly trust: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

async function openConnector(uri: string, reach: Reach): Promise<Connector> {
  const { scheme, path } = parseUri(uri);
  switch (scheme) {
    case "local":
      return connectLocal(path, reach);
    case "ssh":
      return connectSsh(path, reach);
    case "fd":
      return connectFd(path, reach);
    case "loop":
      return loopConnector({ userid: process.getuid?.() ?? 0, rolemask: 1 });
    default:
      throw new FluxError(
        "ENOENT",
        path === undefined
          ? `Unable to find connector name '${scheme}': a URI has a scheme, as in local:///PATH`
          : `Unable to find connector name '${scheme}'`,
      );
  }
}

/** URI of the instance `levels` above the one at `uri`, or of the outermost one. */
async function ancestorUri(levels: number, uri: string, reach: Reach): Promise<string> {
  let current = uri;
  for (let level = 0; level < levels; level++) {
    const connector = await openConnector(current, reach);
    const { proxyRemote } = readEnvironment(reach.env);
    await using flux = new Flux(connector, () => openConnector(current, reach), { proxyRemote });
    const { signal, trust } = reach;
    if ((await flux.attributes.get("instance-level", { signal })) === "0") break;
    const parent = await flux.attributes.get("parent-uri", { signal });
    current = followable(sourceOf(parent, connector), trust);
  }
  return current;
}
