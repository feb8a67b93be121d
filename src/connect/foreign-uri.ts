import { FluxError } from "../base/index.ts";
import { parseUri } from "../connector/index.ts";

/** A URI, and who gave it. */
export interface SourcedUri {
  readonly uri: string;
  /** Names the other user's process, job or broker that gave the URI, for errors; undefined for the caller's own. */
  readonly foreign: string | undefined;
}

/**
 * True when a user's word does not count as the caller's: that user is neither this process's user nor root. Where there are no user ids, nobody is.
 */
export function isForeign(userid: number | undefined): boolean {
  return process.getuid !== undefined && userid !== process.getuid() && userid !== 0;
}

/**
 * The URI, when it may be followed. One that a broker, a process or a job has given leads to a socket or to a remote shell. A remote shell is a program that
 * runs with words of the URI: it needs the caller's own word when another user gave the URI.
 * @param trust - the caller's word: the option `trustForeignUri`.
 * @throws FluxError EPERM for `ssh://` of another user without `trust`, EINVAL for any scheme but `local` and `ssh`.
 */
export function followable({ uri, foreign }: SourcedUri, trust: boolean | undefined): string {
  const { scheme } = parseUri(uri);
  const from = foreign === undefined ? "" : ` comes from ${foreign}, and it`;
  if (scheme === "local") return uri;
  if (scheme !== "ssh")
    throw new FluxError("EINVAL", `${uri}${from} is neither local:// nor ssh://, so it is not followed`);
  if (foreign === undefined || trust === true) return uri;
  throw new FluxError(
    "EPERM",
    `${uri}${from} would run ssh: use --trust-foreign-uri (in a program, trustForeignUri: true) to follow it`,
  );
}
