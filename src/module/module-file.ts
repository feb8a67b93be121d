import { readdir, realpath, stat } from "node:fs/promises";
import { basename, delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { FluxError } from "../base/index.ts";
import { importLate } from "../system/index.ts";
import { type ModuleDefinition, moduleOf } from "./definition.ts";

/** What runs a module: Node, or a command of flux(1). */
export type ModuleKind = "node" | "module-exec" | "module-python-exec";

/** A module's kind by the suffix of its file; undefined for what is none. */
export function kindOf(path: string): ModuleKind | undefined {
  const name = basename(path);
  if (/\.[cm]?[jt]s$/.test(name)) return "node";
  if (name.includes(".so")) return "module-exec";
  return name.endsWith(".py") ? "module-python-exec" : undefined;
}

/** The name of a module by its file: what stands before the first dot. */
export function nameOf(path: string): string {
  return basename(path).replace(/\..*$/s, "");
}

/** Suffixes a name is searched with, in the order of preference. */
const SUFFIXES = [/^\.so.*$/, /^\.py$/, /^\.js$/, /^\.mjs$/];

/**
 * The file of the module with that name in the directories of `searchPath`, as FLUX_MODULE_PATH lists them.
 * @returns its real path; undefined when there is none.
 */
export async function searchModule(name: string, searchPath: string): Promise<string | undefined> {
  const directories = searchPath.split(delimiter).filter((directory) => directory !== "");
  const listings = await Promise.all(directories.map((directory) => listOf(directory)));
  for (const suffix of SUFFIXES) {
    for (const [index, files] of listings.entries()) {
      const file = files.find((other) => other.startsWith(name) && suffix.test(other.slice(name.length)));
      if (file !== undefined) return realpath(join(directories[index]!, file));
    }
  }
  return undefined;
}

async function listOf(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch {
    return [];
  }
}

/** How often the import of a URL has failed, for those where it has. */
const failures = new Map<string, number>();
/** Most URLs remembered; beyond it the oldest go. */
export const FAILURES_MAX = 1024;

/** Notes that the import of a URL has failed `count` times; of more than `most` URLs the oldest goes. */
export function rememberFailure(
  failures: Map<string, number>,
  url: string,
  count: number,
  most: number = FAILURES_MAX,
): void {
  failures.delete(url);
  failures.set(url, count);
  if (failures.size > most) failures.delete(failures.keys().next().value!);
}

/**
 * Imports the module in a file; anew when the file has changed since it was imported last, or could not be imported.
 * @throws FluxError ENOENT when the file is not there, EINVAL when it has no module, EMFILE when there are no descriptors to read it with; what the file throws.
 */
export async function importModule(path: string): Promise<ModuleDefinition> {
  const { mtimeMs } = await stat(path).catch((error: unknown) => {
    throw FluxError.from(error);
  });
  const version = `${pathToFileURL(path).href}?mtime=${mtimeMs}`;
  // Node remembers a failed import by its URL.
  const failed = failures.get(version) ?? 0;
  const url = failed === 0 ? version : `${version}&failed=${failed}`;
  try {
    return moduleOf(await importLate(() => import(url)));
  } catch (error) {
    rememberFailure(failures, version, failed + 1);
    throw error;
  }
}
