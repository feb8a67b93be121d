import { constants } from "node:fs";
import { access, readdir, readFile, stat } from "node:fs/promises";
import { decodeUtf8Strict, FluxError, strerror } from "../base/index.ts";
import { isObject, type JsonObject } from "../json/index.ts";
import { loadLate } from "../system/index.ts";
import { parseJsonText } from "./json-text.ts";
import { merge } from "./merge.ts";
import type { Locate } from "./toml.ts";

/**
 * Reads a configuration: a file, JSON if its name ends with `.json` and TOML otherwise, or a directory, of which all `*.toml` are merged in
 * the order of their names. A directory without any is an empty configuration.
 *
 * @throws FluxError `FILE:LINE: text`, or without line; EINVAL for what is no configuration, else the system's error.
 * Source: flux_conf_parse in flux-core, flux-config(5).
 */
export async function parseConfigPath(path: string): Promise<JsonObject> {
  let isDirectory: boolean;
  try {
    isDirectory = (await stat(path)).isDirectory();
  } catch (error) {
    throw systemError(error, `stat: ${path}`);
  }
  return isDirectory ? parseDirectory(path) : parseConfigFile(path);
}

/** Reads one file of a configuration; see parseConfigPath. */
export async function parseConfigFile(path: string): Promise<JsonObject> {
  const locate = locateIn(path);
  const text = await readText(path, locate);
  if (!path.endsWith(".json")) return await readToml(text, locate);
  const value = parseJsonText(text, locate);
  if (!isObject(value)) throw new FluxError("EINVAL", locate(undefined, "JSON must be an object"));
  return value;
}

/**
 * Reads the text of a configuration, a JSON object if it is any and TOML otherwise.
 * @throws FluxError EINVAL `SOURCE:LINE: text`, or without line.
 */
export async function parseConfigText(text: string, source: string): Promise<JsonObject> {
  const locate = locateIn(source);
  if (!/^\s*\{/.test(text)) return await readToml(text, locate);
  return parseJsonText(text, locate) as JsonObject;
}

/** parseToml, which is loaded when there is a text for it: most brokers have none. */
export async function readToml(text: string, locate: Locate): Promise<JsonObject> {
  const { parseToml } = await loadLate(import.meta.url, "./toml", () => import("./toml.ts"));
  return parseToml(text, locate);
}

function locateIn(source: string): Locate {
  return (line, text) => `${source}${line === undefined ? "" : `:${line}`}: ${text}`;
}

async function parseDirectory(path: string): Promise<JsonObject> {
  let names: string[];
  try {
    await access(path, constants.R_OK | constants.X_OK);
    names = await readdir(path);
  } catch (error) {
    throw systemError(error, path);
  }
  let config: JsonObject = {};
  for (const name of names.filter((entry) => /^[^.].*\.toml$/s.test(entry)).sort(byBytes))
    config = merge(config, await parseConfigFile(`${path.replace(/\/+$/, "") || "/"}/${name}`));
  return config;
}

/** The order of glob(3) in the C locale. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

async function readText(path: string, locate: Locate): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw systemError(error, path);
  }
  const text = decodeUtf8Strict(bytes);
  if (text === undefined) throw new FluxError("EINVAL", locate(badLine(bytes), "text is not UTF-8"));
  return text;
}

/** The first line that is not UTF-8. No sequence of UTF-8 goes over the end of a line. */
function badLine(bytes: Uint8Array): number {
  let [line, start] = [1, 0];
  for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, start)) {
    if (decodeUtf8Strict(bytes, start, end) === undefined) break;
    start = end + 1;
    line++;
  }
  return line;
}

function systemError(error: unknown, subject: string): FluxError {
  const { errno } = FluxError.from(error);
  return new FluxError(errno, `${subject}: ${strerror(errno)}`, { cause: error });
}
