import { FluxError } from "../base/index.ts";

/** Where an instance of the system is when neither argument nor environment names one. */
export const DEFAULT_URI = "local:///run/flux/local";

/** A URI in its two halves; `path` is undefined when there is no `://`. */
export interface ConnectorUri {
  readonly scheme: string;
  readonly path: string | undefined;
}

/** Splits a connector URI as flux_open(3) does: scheme before `://`, the rest is the path less spaces and tabs behind it. */
export function parseUri(uri: string): ConnectorUri {
  const at = uri.indexOf("://");
  if (at < 0) return { scheme: uri, path: undefined };
  return { scheme: uri.slice(0, at), path: uri.slice(at + 3).replace(/[ \t]+$/, "") };
}

/**
 * For an ancestor path (one that begins with `.` or `/`): how many levels it goes up, Infinity for `/`. Undefined for a URI.
 * @throws FluxError EINVAL for an element other than `.` and `..`.
 */
export function ancestorLevels(uri: string): number | undefined {
  if (!uri.startsWith(".") && !uri.startsWith("/")) return undefined;
  if (/^\/+$/.test(uri)) return Number.POSITIVE_INFINITY;
  let levels = 0;
  for (const element of uri.split("/")) {
    if (element === "..") levels++;
    else if (element !== "." && element !== "") {
      throw new FluxError("EINVAL", `${uri}: invalid URI path element '${element}'`);
    }
  }
  return levels;
}
