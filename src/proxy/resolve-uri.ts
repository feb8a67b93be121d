import { hostname } from "node:os";
import { FluxError, parseJobId } from "../base/index.ts";
import type { Flux } from "../client/index.ts";
import { connectTo, type Environment, followable, isForeign, type SourcedUri } from "../connect/index.ts";
import type { JsonObject } from "../json/index.ts";
import { processUri } from "./process-uri.ts";

export interface ResolveOptions {
  /** What to make of the URI: `ssh://` of this host, or `local://`. Default: as it is found. */
  readonly form?: "remote" | "local" | undefined;
  /** Waits until a job has said where its instance is. Default false. */
  readonly wait?: boolean | undefined;
  /** Follows an `ssh://` URI of another user's process, job or broker: it chooses what ssh runs. Default false. */
  readonly trustForeignUri?: boolean | undefined;
  /** Default `process.env`. */
  readonly env?: Environment | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** State of a job that runs, in the answers of job-list. */
const STATE_RUN = 16;

/**
 * The URI of the instance that a word names: `local://` and `ssh://` as they are; `pid:N`; `.`, `..`, `/` or a job id, or several with slashes between
 * them, each from the one before. `?local`, `?remote` and `?wait` behind them are options.
 * @throws FluxError ENOENT when there is no such instance, ENOSYS for a job id where the broker has no jobs, EINVAL for what is none of these, as
 *   `connect` otherwise. Source: flux-uri(1).
 */
export async function resolveUri(target: string, options: ResolveOptions = {}): Promise<string> {
  return (await resolveSource(target, options)).uri;
}

/**
 * As `resolveUri`, for a caller who connects to the URI.
 * @throws FluxError EPERM when the URI would run ssh and comes from another user, unless `trustForeignUri` is set; EINVAL when it is neither `local://` nor
 *   `ssh://`; as `resolveUri`.
 */
export async function resolveToFollow(target: string, options: ResolveOptions = {}): Promise<string> {
  return followable(await resolveSource(target, options), options.trustForeignUri);
}

async function resolveSource(target: string, options: ResolveOptions): Promise<SourcedUri> {
  const env = options.env ?? process.env;
  const [word, ...queries] = target.split("?");
  const asked = new Set(queries.join("?").split(/[&;]/));
  if (asked.has("local") && asked.has("remote"))
    throw new FluxError("EINVAL", "only one of 'local' and 'remote' is possible");
  const wanted = asked.has("local") ? "local" : asked.has("remote") ? "remote" : undefined;
  const isLocal = Boolean(env["FLUX_URI_RESOLVE_LOCAL"]);
  const form = options.form ?? wanted ?? (isLocal ? "local" : undefined);
  const wait = options.wait === true || asked.has("wait");
  const { uri, foreign } = await resolve(word!, { ...options, env, wait, form });
  if (form === "local") return { uri: localForm(uri), foreign };
  return { uri: form === "remote" ? remoteForm(uri, hostname()) : uri, foreign };
}

function resolve(word: string, options: ResolveOptions): Promise<SourcedUri> | SourcedUri {
  const [, scheme, rest] = /^([A-Za-z][\w+.-]*):(.*)$/.exec(word) ?? [undefined, "jobid", word];
  switch (scheme) {
    case "local":
    case "ssh":
      return { uri: word, foreign: undefined };
    case "pid": {
      const pid = /^\d+/.exec(rest!)?.[0];
      if (pid === undefined) throw new FluxError("EINVAL", "pid: wants the number of a process");
      return processUri(Number(pid));
    }
    case "jobid":
      return resolvePath(rest!, options);
    default:
      throw new FluxError("EINVAL", `nothing is known about the scheme '${scheme}'`);
  }
}

/** What a broker that another user named says is that user's word too. The caller's own brokers are believed whose a job is. */
async function resolvePath(path: string, options: ResolveOptions): Promise<SourcedUri> {
  const elements = path.split("/").filter((element) => element !== "" && element !== ".");
  if (path.startsWith("/")) elements.unshift("/");
  let host: string | undefined;
  const { env, signal, trustForeignUri } = options;
  let from: SourcedUri | undefined;
  do {
    const element = elements.shift();
    const start = from === undefined ? undefined : followable(from, trustForeignUri);
    const { flux, source } = await connectTo(element === "/" ? "/" : start, { env, signal, trustForeignUri });
    await using _open = flux;
    let next: SourcedUri;
    if (element === undefined || element === "/") next = source(await flux.attributes.get("local-uri"));
    else if (element === "..") {
      const parent = await parentUri(flux);
      next = source(host === undefined ? parent : remoteForm(parent, host));
    } else {
      next = await jobUri(flux, element, options);
      host = /^ssh:\/\/([^/]*)/.exec(next.uri)?.[1];
    }
    const uri = elements.length > 0 && options.form === "local" ? localForm(next.uri) : next.uri;
    from = { uri, foreign: from?.foreign ?? next.foreign };
  } while (elements.length > 0);
  return from;
}

/** The outermost instance is its own parent. */
async function parentUri(flux: Flux): Promise<string> {
  const level = Number(await flux.attributes.get("instance-level"));
  return flux.attributes.get(level > 0 ? "parent-uri" : "local-uri");
}

/** What a job has said of itself, and the number of its user, as far as the instance tells it. */
interface JobWord {
  readonly uri: unknown;
  readonly userid: unknown;
}

async function jobUri(flux: Flux, word: string, { wait, signal }: ResolveOptions): Promise<SourcedUri> {
  const id = parseJobId(word);
  if (id === undefined) throw new FluxError("EINVAL", `${word} is not a valid jobid`);
  try {
    const said = wait === true ? await memoUri(flux, id, signal) : await annotatedUri(flux, id, word, signal);
    const { uri, userid } = said;
    const owner = typeof userid === "number" ? userid : undefined;
    const foreign = isForeign(owner) ? `job ${word} of user ${owner ?? "unknown"}` : undefined;
    if (typeof uri === "string" && uri !== "") return { uri, foreign };
  } catch (error) {
    if (FluxError.is(error, "ENOENT")) throw new FluxError("ENOENT", error.text ?? `job ${word} not found`);
    if (FluxError.is(error, "ENOSYS"))
      throw new FluxError("ENOSYS", `job ${word}: this instance has no jobs, as those of flux-core have`);
    throw error;
  }
  throw new FluxError("ENOENT", `job ${word} has not said where its instance is`);
}

async function annotatedUri(
  flux: Flux,
  id: bigint,
  word: string,
  signal: AbortSignal | undefined,
): Promise<JobWord> {
  const { job } = await flux.rpc<{ job: JsonObject }>(
    "job-list.list-id",
    { id, attrs: ["state", "userid", "annotations"] },
    { signal },
  );
  if (job["state"] !== STATE_RUN) throw new FluxError("ENOENT", `job ${word} is not running`);
  return { uri: member(member(job["annotations"], "user"), "uri"), userid: job["userid"] };
}

/** The URI in the eventlog of a job, once it is there; undefined when the job ends without. The log begins with who submitted the job. */
async function memoUri(flux: Flux, id: bigint, signal: AbortSignal | undefined): Promise<JobWord> {
  let userid: unknown;
  const watch = flux.stream("job-info.eventlog-watch", { id, path: "eventlog", flags: 0 }, { signal });
  for await (const { event } of watch) {
    for (const line of String(event).trim().split("\n")) {
      const { name, context } = JSON.parse(line) as JsonObject;
      if (name === "submit") userid ??= member(context, "userid");
      const uri = name === "memo" ? member(context, "uri") : undefined;
      if (uri !== undefined) return { uri, userid };
      if (name === "finish") return { uri: undefined, userid };
    }
  }
  return { uri: undefined, userid };
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function localForm(uri: string): string {
  const path = /^ssh:\/\/[^/]*(\/.*)$/.exec(uri)?.[1];
  return path === undefined ? uri : `local://${path.replace(/\/+/g, "/")}`;
}

function remoteForm(uri: string, host: string): string {
  const path = /^local:\/\/(\/.*)$/.exec(uri)?.[1];
  return path === undefined ? uri : `ssh://${host}${path.replace(/\/+/g, "/")}`;
}
